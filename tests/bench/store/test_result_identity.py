"""Identify a result and a method by all that determines them."""

from __future__ import annotations

import pytest
from doubles import COMPONENT, image_hashes
from pydantic import ValidationError

from priorsr.bench import Record
from priorsr.bench.store.records import ResultIdentity, images_hash
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.data import TrainingSet
from priorsr.files import sha256_json
from priorsr.sources import Component

SET = {"name": "d", "version": "1", "hash": "1" * 64, "split": "train", "count": 9, "weight": 1.0, "priors": {}}


def test_components_do_not_identify_a_result(make_record) -> None:
    other = Component("inference", "fusion", "mine", "fsr-x", "0.1.0", "2" * 64)
    record = make_record(components=(COMPONENT, other))
    assert record.id == make_record().id
    assert Record.model_validate_json(record.model_dump_json()) == record


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


def test_training_sets_are_kept_with_their_hashes(make_record) -> None:
    record = make_record()
    sets = (TrainingSet.model_validate(SET), TrainingSet.model_validate({**SET, "hash": "2" * 64}), "a book")
    trained = make_record(training=record.training.model_copy(update={"data": sets}))
    read = Record.model_validate_json(trained.model_dump_json())
    assert read.training.data == sets
    assert read.training.data[1].hash == "2" * 64


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


def test_a_bf16_or_accelerated_model_is_another_one(make_record) -> None:
    record = make_record()
    for change in ({"precision": "bf16"}, {"accelerated": True}):
        other = make_record(model=record.model.model_copy(update=change))
        assert other.id != record.id
        assert other.training.method != record.training.method
