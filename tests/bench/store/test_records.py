from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from priorsr.bench import Record, record_schema
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.store.records import check_same_inputs
from priorsr.errors import PriorsrError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol
from priorsr.training.blueprint import first_difference

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "record-2.json"


def test_the_committed_schema_is_current() -> None:
    committed = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert first_difference(committed, record_schema()) is None, "see docs/records.md"


def test_an_unknown_part_of_a_component_is_refused(make_record) -> None:
    record = json.loads(make_record().model_dump_json())
    record["components"][0]["beauty"] = 9
    with pytest.raises(ValueError, match="beauty"):
        Record.model_validate_json(json.dumps(record))


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
        make_record(surprise=1)


def test_an_edited_value_is_refused(make_record, make_score) -> None:
    values = {"a": 20.0, "b": 30.0, "c": 31.0}
    for name in ("psnr", "lpips"):
        with pytest.raises(ValidationError, match=rf"scores.{name}.value is 99.0, and the faces' scores make it 27"):
            make_record(scores={"psnr": make_score(values), name: make_score(values, value=99.0)})


def test_the_value_of_a_protocol_that_pools_images_is_made_of_batches(make_record, make_score) -> None:
    """pfsr@1: the PSNR of the mean MSE of 16 faces, in the order of their ids, then of the last one."""
    values = {f"{place:02}": 20.0 + place for place in reversed(range(17))}
    mse = [10 ** -(values[f"{place:02}"] / 10) for place in range(17)]
    value = (-10 * math.log10(sum(mse[:16]) / 16) + values["16"]) / 2
    protocol = protocol_facts(load_protocol("pfsr@1"))
    assert make_record(psnr=values, protocol=protocol, scores={"psnr": make_score(values, value=value)})
    with pytest.raises(ValidationError, match=r"scores.psnr.value is 28.0, and the faces' scores make it 30.6"):
        make_record(psnr=values, protocol=protocol, scores={"psnr": make_score(values)})
    infinite = {**values, "16": math.inf}
    assert make_record(psnr=infinite, protocol=protocol, scores={"psnr": make_score(infinite, value=math.inf)})


def test_a_scoring_half_that_is_none_is_refused(make_record) -> None:
    record = make_record()
    scoring = {**record.protocol.scoring, "batch": 0}
    digest = sha256_json({"reduction": record.protocol.reduction, "scoring": scoring})
    protocol = record.protocol.model_copy(update={"scoring": scoring, "hash": digest})
    with pytest.raises(ValidationError, match="protocol.scoring: .*batch is 0"):
        make_record(protocol=protocol)


def test_images_of_another_model_cannot_be_named(make_record) -> None:
    record = make_record()
    assert make_record(outputs=record.identity.outputs_id).outputs
    with pytest.raises(ValidationError, match="outputs is 'ffffffffffffffff', and its model"):
        make_record(outputs="f" * 16)


@pytest.mark.parametrize("interval", [None, (19.0, 25.0)])
def test_an_interval_that_the_rule_does_not_make_is_refused(make_record, make_score, interval) -> None:
    values = {"a": 20.0, "b": 22.0, "c": 24.0}
    score = make_record(psnr=values).scores["psnr"]
    assert score.interval95 == pytest.approx((17.03, 26.97), abs=0.01)  # 22 ± 4.303 * 2 / sqrt(3)
    with pytest.raises(ValidationError, match=r"scores.psnr.interval95 is .*, and the faces' scores make it \(17.03"):
        make_record(scores={"psnr": make_score(values, interval95=interval)})
    infinite = {**values, "a": math.inf}
    assert make_record(scores={"psnr": make_score(infinite)}).scores["psnr"].interval95 is None


def test_the_order_of_the_faces_does_not_matter_to_an_interval(make_record, make_score) -> None:
    values = {f"{place:03}": 20 + math.sin(place) for place in range(300)}
    score = make_score(values)
    assert make_record(psnr=values, scores={"psnr": make_score(dict(sorted(values.items(), key=lambda item: item[1])))})
    assert make_record(psnr=values, scores={"psnr": score.model_copy(update={"interval95": score.interval95})})


@pytest.mark.parametrize("change", [{"used_for": "fun"}, {"hash": "1" * 63}, {"version": None}, {"path": "x"}])
def test_a_component_that_is_none_is_refused(make_record, change) -> None:
    dumped = make_record().model_dump(mode="json")
    dumped["components"][0] |= change
    with pytest.raises(ValidationError, match=next(iter(change))):
        Record.model_validate_json(json.dumps(dumped))


@pytest.mark.parametrize(
    ("links", "fits"),
    [
        ({"paper": "https://arxiv.org/abs/2409.14385", "code": "http://example.org/a?b=c#d"}, True),
        ({"paper": "javascript:alert(1)"}, False),
        ({"paper": 'https://a.b/"onclick="x'}, False),
        ({"paper": "https://a.b/ c"}, False),
        ({"blog": "https://a.b"}, False),
    ],
)
def test_links_are_addresses_of_pages(make_record, links, fits) -> None:
    if fits:
        assert make_record(links=links).links == links
    else:
        with pytest.raises(ValidationError, match="links"):
            make_record(links=links)


def test_an_edited_mean_is_refused(make_score) -> None:
    with pytest.raises(ValidationError, match="the images' mean is 25"):
        make_score({"a": 20.0, "b": 30.0}, mean=27.0)


def test_a_record_of_fewer_images_than_the_split_is_refused(make_record, make_score) -> None:
    with pytest.raises(ValidationError, match="images has 2 faces, and the split has 3"):
        make_record(scores={"psnr": make_score({"a": 1.0, "b": 2.0})})


def test_scores_of_different_images_are_refused(make_record, make_score) -> None:
    psnr, ssim = make_score({"a": 1.0, "b": 2.0, "c": 3.0}), make_score({"a": 1.0, "b": 2.0, "d": 3.0})
    with pytest.raises(ValidationError, match="scores.ssim is of other faces than images"):
        make_record(scores={"psnr": psnr, "ssim": ssim})


def test_a_protocol_whose_hash_is_not_its_contents_is_refused(make_record) -> None:
    dumped = make_record().model_dump(mode="json")
    dumped["protocol"]["scoring"]["border"] = 0
    with pytest.raises(ValidationError, match="hash"):
        Record.model_validate_json(json.dumps(dumped))


def test_records_of_other_images_under_one_name_cannot_be_compared(make_record) -> None:
    ours, theirs = make_record("ours"), make_record("theirs")
    check_same_inputs([ours, theirs])
    other = theirs.images["b"].model_copy(update={"lr": "0" * 16})
    changed = theirs.model_copy(update={"images": {**theirs.images, "b": other}})
    with pytest.raises(PriorsrError, match="faces: the records .* have different LR images of the face 'b'"):
        check_same_inputs([ours, changed])
    with pytest.raises(PriorsrError, match="different faces, such as 'c'"):
        check_same_inputs([ours, make_record("theirs", {"a": 1.0, "b": 2.0})])


def test_the_order_of_the_faces_does_not_matter(make_record) -> None:
    ours, theirs = make_record("ours", {"a": 1.0, "b": 2.0}), make_record("theirs", {"b": 2.0, "a": 1.0})
    check_same_inputs([ours, theirs])


def test_what_made_each_score_beside_the_protocols_must_be_told(make_record, make_score) -> None:
    values = {"a": 1.0, "b": 2.0, "c": 3.0}
    with pytest.raises(
        ValidationError, match=r"extra_scores are \[\]; the scores beside the protocol's are \['lpips'\]"
    ):
        make_record(scores={"psnr": make_score(values), "lpips": make_score(values)}, extra_scores={})
