from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from priorsr.bench import Record, record_schema
from priorsr.bench.records import PriorFacts
from priorsr.files import sha256_json

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "record-1.json"


def test_the_committed_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == record_schema(), "see docs/records.md"


def test_a_record_survives_json(make_record) -> None:
    record = make_record()
    assert Record.model_validate_json(record.model_dump_json()) == record


def test_infinity_is_a_string_in_json(make_record, make_score) -> None:
    record = make_record(scores={"psnr": make_score({"a": math.inf, "b": 30.0, "c": 31.0})})
    dumped = json.loads(json.dumps(record.model_dump(mode="json"), allow_nan=False))
    assert dumped["scores"]["psnr"]["per_image"] == {"a": "inf", "b": 30.0, "c": 31.0}
    assert dumped["scores"]["psnr"]["mean"] == "inf"
    assert Record.model_validate_json(json.dumps(dumped)) == record


@pytest.mark.parametrize("value", [math.nan, "nan", "Infinity", "30", None])
def test_other_than_a_number_or_infinity_is_refused(make_record, value) -> None:
    dumped = make_record().model_dump(mode="json")
    dumped["scores"]["psnr"]["per_image"]["a"] = value
    with pytest.raises(ValidationError, match="per_image"):
        Record.model_validate_json(json.dumps(dumped))


def test_what_is_not_in_the_format_is_refused(make_record) -> None:
    with pytest.raises(ValidationError, match="surprise"):
        Record.model_validate({**make_record().model_dump(), "surprise": 1})


def test_an_edited_mean_is_refused(make_score) -> None:
    with pytest.raises(ValidationError, match="the images' mean is 25"):
        make_score({"a": 20.0, "b": 30.0}, mean=27.0)


def test_a_record_of_fewer_images_than_the_split_is_refused(make_record, make_score) -> None:
    with pytest.raises(ValidationError, match="has 2 images, and the split has 3"):
        make_record(scores={"psnr": make_score({"a": 1.0, "b": 2.0})})


def test_scores_of_different_images_are_refused(make_record, make_score) -> None:
    psnr, ssim = make_score({"a": 1.0, "b": 2.0, "c": 3.0}), make_score({"a": 1.0, "b": 2.0, "d": 3.0})
    with pytest.raises(ValidationError, match="other images"):
        make_record(scores={"psnr": psnr, "ssim": ssim})


def test_a_protocol_whose_hash_is_not_its_contents_is_refused(make_record) -> None:
    dumped = make_record().model_dump(mode="json")
    dumped["protocol"]["scoring"]["border"] = 0
    with pytest.raises(ValidationError, match="hash"):
        Record.model_validate_json(json.dumps(dumped))


@pytest.mark.parametrize(
    ("part", "change", "same_outputs"),
    [
        ("model", {"weights_hash": sha256_json("others")}, False),
        ("model", {"config": {"width": 9}}, False),
        ("data", {"hash": sha256_json("others")}, False),
        ("data", {"split": "test"}, False),
        ("prior", {"source": "ground-truth"}, False),
    ],
)
def test_all_that_determines_the_result_is_in_the_id(make_record, part, change, same_outputs) -> None:
    record = make_record()
    other = make_record(**{part: getattr(record, part).model_copy(update=change)})
    assert other.id != record.id
    assert (other.identity.outputs_id == record.identity.outputs_id) == same_outputs


def test_what_does_not_determine_the_result_is_not_in_the_id(make_record) -> None:
    record = make_record()
    renamed = make_record(model=record.model.model_copy(update={"label": "other", "card": {"note": "x"}}))
    assert renamed.id == record.id


def test_an_id_of_something_else_is_refused(make_record) -> None:
    record = make_record()
    with pytest.raises(ValidationError, match="id is"):
        Record.model_validate({**record.model_dump(), "prior": PriorFacts(source="ground-truth", by=None).model_dump()})
