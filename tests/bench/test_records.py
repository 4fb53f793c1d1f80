from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from priorsr.bench import Record, record_schema
from priorsr.bench.records import PriorFacts, check_same_inputs
from priorsr.errors import PriorsrError
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


# Faces, methods and judges


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


CARD = {
    "recipe": "kdfsrnet",
    "preset": "nano",
    "overrides": {},
    "stage": "student",
    "steps": 400,
    "seed": 0,
    "data": {"name": "d", "hash": "1" * 64, "path": "faces"},
    "precision": "bf16",
    "scores": {"psnr_y": 24.0},
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"seed": 1, "scores": {"psnr_y": 24.2}}, True),
        ({"data": {**CARD["data"], "path": "elsewhere"}}, True),
        ({"steps": 500}, False),
        ({"overrides": {"distil": False}}, False),
        ({"data": {**CARD["data"], "hash": "2" * 64}}, False),
        ({"preset": "paper"}, False),
    ],
)
def test_seeds_of_one_method_share_its_id(make_record, change, same) -> None:
    model = make_record().model.model_copy(update={"card": CARD})
    other = model.model_copy(update={"card": {**CARD, **change}, "weights_hash": sha256_json("other"), "label": "x"})
    assert (model.method == other.method) == same


SET = {"name": "d", "version": "1", "hash": "1" * 64, "split": "train", "count": 9, "weight": 1.0, "priors": {}}


@pytest.mark.parametrize(
    ("sets", "same"),
    [
        ([{**SET, "name": "e", "version": "2"}], True),
        ([{**SET, "hash": "2" * 64}], False),
        ([{**SET, "split": "val"}], False),
        ([{**SET, "priors": {"parsing": {"tool": "parsing_net", "version": "1"}}}], False),
        ([SET, {**SET, "hash": "2" * 64}], False),
        ([{**SET, "weight": 2.0}], False),
    ],
)
def test_a_method_is_of_its_training_sets_whatever_they_are_called(make_record, sets, same) -> None:
    first, other = (make_record().model.model_copy(update={"card": {**CARD, "data": data}}) for data in ([SET], sets))
    assert (first.method == other.method) == same


def test_runs_of_equal_minutes_are_one_method_whatever_steps_they_took(make_record) -> None:
    model = make_record().model
    cards = [{**CARD, "minutes": 10.0, "steps": steps} for steps in (400, 410)]
    assert len({model.model_copy(update={"card": card}).method for card in cards}) == 1


def test_weights_without_a_recipe_are_methods_of_their_own(make_record) -> None:
    model = make_record().model
    assert model.method != model.model_copy(update={"weights_hash": sha256_json("other")}).method


def test_a_record_of_another_method_than_its_model_is_refused(make_record) -> None:
    record = make_record()
    with pytest.raises(ValidationError, match="method is '0000000000000000'"):
        make_record(training=record.training.model_copy(update={"method": "0" * 16}))


def test_a_judge_must_be_told_for_each_score_beside_the_protocols(make_record, make_score) -> None:
    values = {"a": 1.0, "b": 2.0, "c": 3.0}
    with pytest.raises(ValidationError, match=r"judges are \[\]; the scores beside the protocol's are \['lpips'\]"):
        make_record(scores={"psnr": make_score(values), "lpips": make_score(values)}, judges={})


def test_a_bf16_or_accelerated_model_is_another_one(make_record) -> None:
    record = make_record()
    for change in ({"precision": "bf16"}, {"accelerated": True}):
        other = make_record(model=record.model.model_copy(update=change))
        assert other.id != record.id
        assert other.training.method != record.training.method


def test_committed_studies_can_be_read() -> None:
    from priorsr.bench.studies.ablation_report import Ablation
    from priorsr.bench.studies.prior_report import PriorStudy

    for name, kind in (("ablation.json", Ablation), ("priors.json", PriorStudy)):
        found = sorted((SCHEMA.parents[2] / "benchmarks" / "results").glob(f"*/{name}"))
        assert found
        for path in found:
            study = kind.model_validate_json(path.read_bytes())
            assert (study.format == 1) == hasattr(study.statistics, "resamples")
            with pytest.raises(ValidationError, match="statistics are"):
                kind.model_validate_json(json.dumps(json.loads(path.read_bytes()) | {"format": 3 - study.format}))
