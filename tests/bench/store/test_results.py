from __future__ import annotations

import json

import pytest

from priorsr.bench import read_record, read_results
from priorsr.bench.store.results import record_path, write_record
from priorsr.errors import DataError


def test_records_come_back_as_they_were_written(make_record, tmp_path) -> None:
    records = [make_record("one"), make_record("two")]
    for record in records:
        write_record(tmp_path, record)
    assert read_results(tmp_path) == sorted(records, key=lambda record: record.id)


def test_a_record_that_could_not_be_read_is_not_written(make_record, tmp_path) -> None:
    record = make_record()
    broken = record.model_copy(update={"scores": {"psnr": record.scores["psnr"].model_copy(update={"mean": 99.0})}})
    with pytest.raises(DataError, match="mean is 99"):
        write_record(tmp_path, broken)
    assert not (tmp_path / "records").exists()


def test_an_error_names_the_file_the_field_and_the_value(make_record, tmp_path) -> None:
    path = write_record(tmp_path, make_record())
    content = json.loads(path.read_text())
    content["cost"]["parameters"] = "many"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"cost\.parameters is 'many'") as error:
        read_record(path)
    assert str(path) in str(error.value)


def test_a_record_of_another_format_says_so(make_record, tmp_path) -> None:
    path = write_record(tmp_path, make_record())
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
    with pytest.raises(DataError, match="has format 3; this version of priorsr reads 1 and 2"):
        read_record(path)


def test_a_renamed_record_is_refused(make_record, tmp_path) -> None:
    path = write_record(tmp_path, make_record())
    renamed = path.rename(record_path(tmp_path, "0" * 16))
    with pytest.raises(DataError, match="a file's name is its record's id"):
        read_record(renamed)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}'])
def test_a_broken_record_is_refused(tmp_path, text) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"record\.json"):
        read_record(path)


def test_a_folder_without_records_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="holds no record"):
        read_results(tmp_path)
