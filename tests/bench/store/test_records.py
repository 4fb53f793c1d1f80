from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from doubles import COMPONENT, image_hashes
from pydantic import ValidationError

from priorsr.bench import Record, leaderboards, record_schema
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.store.records import ResultIdentity, check_same_inputs, images_hash
from priorsr.bench.store.results import parse_record, read_record, record_content
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.bench.store.score_facts import BootstrapStatistics
from priorsr.data import TrainingSet
from priorsr.errors import DataError, PriorsrError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol
from priorsr.sources import Component

SET = {"name": "d", "version": "1", "hash": "1" * 64, "split": "train", "count": 9, "weight": 1.0, "priors": {}}
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "record-2.json"


def test_the_committed_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == record_schema(), "see docs/records.md"


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


# Format 1


def test_records_of_format_1_are_read_as_what_they_are() -> None:
    found = sorted((SCHEMA.parents[2] / "benchmarks" / "results" / "celebamask-mini" / "records").glob("*.json"))
    assert found
    record = read_record(found[0])
    assert (record.format, record.components, record.origin, record.links) == (1, "unknown", "run", {})
    content = json.loads(found[0].read_text(encoding="utf-8"))
    assert record.extra_scores["lr_consistency"].model_dump(mode="json") == content["judges"]["lr_consistency"]
    assert record_content(record) == content


def of_format_1(record: Record) -> dict[str, object]:
    content = record.model_dump(mode="json")
    content["judges"] = content.pop("extra_scores")
    content["statistics"] = {"interval": "percentile bootstrap over images", "resamples": 10_000, "seed": 0}
    return {name: value for name, value in content.items() if name not in ("origin", "components", "links")} | {
        "format": 1
    }


def test_intervals_of_an_older_rule_are_read_and_not_shown(make_record) -> None:
    content = of_format_1(make_record())
    content["scores"]["psnr"]["interval95"] = [20.5, 23.5]
    record = parse_record(json.dumps(content), "r.json")
    assert (record.scores["psnr"].interval95, record.statistics.resamples) == ((20.5, 23.5), 10_000)
    (board,) = leaderboards([record])
    assert board.ranked[0].scores["psnr"].interval95 == make_record().scores["psnr"].interval95
    old = BootstrapStatistics(**content["statistics"])
    assert make_record(statistics=old, scores=record.scores).scores == record.scores
    with pytest.raises(DataError, match=r"interval95 is \(20.5, 23.5\), and the faces' scores make it"):
        parse_record(json.dumps({**content, "statistics": {"interval": "Hall's t over images"}}), "r.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": []}, "components is there, and the format is 1"),
        ({"judges": None}, "extra_scores"),
        ({"format": 3}, "has format 3; this version of priorsr reads 1 and 2"),
        ({"format": True}, "has format True; this"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_not_in_format_1_is_refused(make_record, change, message) -> None:
    content = of_format_1(make_record())
    assert parse_record(json.dumps(content), "r.json").components == "unknown"
    with pytest.raises(DataError, match=rf"r\.json: .*{message}"):
        parse_record(json.dumps({**content, **change}), "r.json")
    del content["judges"]
    with pytest.raises(DataError, match=r"r\.json: judges is missing"):
        parse_record(json.dumps(content), "r.json")


def test_components_are_unknown_in_format_1_only(make_record) -> None:
    with pytest.raises(ValidationError, match="components are 'unknown' in format 2"):
        make_record(components="unknown")
    with pytest.raises(ValidationError, match="in format 1; unknown in 1 only"):
        make_record(format=1)


# Components, origin, links, and training sets


def test_components_do_not_identify_a_result(make_record) -> None:
    other = Component("inference", "fusion", "mine", "fsr-x", "0.1.0", "2" * 64)
    record = make_record(components=(COMPONENT, other))
    assert record.id == make_record().id
    assert Record.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize("change", [{"used_for": "fun"}, {"hash": "1" * 63}, {"version": None}, {"path": "x"}])
def test_a_component_that_is_none_is_refused(make_record, change) -> None:
    dumped = make_record().model_dump(mode="json")
    dumped["components"][0] |= change
    with pytest.raises(ValidationError, match=next(iter(change))):
        Record.model_validate_json(json.dumps(dumped))


def made_elsewhere(make_record, label: str, **changes) -> Record:
    """A record of images that were made elsewhere, whose hashes are made of the label."""
    base = make_record(label)
    images = {face: image_hashes(face).model_copy(update={"sr": sha256_json([label, face])[:16]}) for face in "abc"}
    model = base.model.model_copy(update={"weights_hash": None, "distribution": "elsewhere", "name": "theirs"})
    identity = ResultIdentity(model, base.protocol, base.data, base.prior, images_hash(images))
    return make_record(
        label,
        id=identity.record_id,
        origin="images",
        images=images,
        **{"model": model, "cost": None, "execution": None, "kernel_backends": {}, "components": (), **changes},
    )


def test_images_made_elsewhere_have_no_weights_and_no_cost(make_record) -> None:
    record = made_elsewhere(make_record, "theirs")
    assert Record.model_validate_json(record.model_dump_json()) == record
    assert record.id != made_elsewhere(make_record, "others").id
    assert record.checkpoint == images_hash(record.images)
    with pytest.raises(ValidationError, match="cost is .*; null, since its images were made elsewhere, was expected"):
        made_elsewhere(make_record, "theirs", cost=make_record().cost)
    with pytest.raises(ValidationError, match=r"execution is None; a value was expected"):
        make_record(execution=None)


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


def test_training_sets_are_kept_with_their_hashes(make_record) -> None:
    record = make_record()
    sets = (TrainingSet.model_validate(SET), TrainingSet.model_validate({**SET, "hash": "2" * 64}), "a book")
    trained = make_record(training=record.training.model_copy(update={"data": sets}))
    read = Record.model_validate_json(trained.model_dump_json())
    assert read.training.data == sets
    assert read.training.data[1].hash == "2" * 64


# Means and methods


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
        make_record(prior=PriorFacts(source="ground-truth", by=None), id=record.id)


# Faces, methods and extra scores


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


def test_what_made_each_score_beside_the_protocols_must_be_told(make_record, make_score) -> None:
    values = {"a": 1.0, "b": 2.0, "c": 3.0}
    with pytest.raises(
        ValidationError, match=r"extra_scores are \[\]; the scores beside the protocol's are \['lpips'\]"
    ):
        make_record(scores={"psnr": make_score(values), "lpips": make_score(values)}, extra_scores={})


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
