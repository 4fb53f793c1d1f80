from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from doubles import teal, teal_hashes
from PIL import Image

from priorsr.bench.board.compare import compare
from priorsr.bench.board.compare_picture import draw_comparison
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.statistics.signed_ranks import p_of_ranks
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.results import faces_path, lr_kind, outputs_path, record_path, write_record
from priorsr.errors import DataError, OptionError, UnknownNameError
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol

FACES = [f"face-{place:02}" for place in range(30)]


@pytest.fixture
def place(make_record, tmp_path: Path):
    """Write a record of a seed of a recipe into a results folder: PSNR of 30 faces about `level`."""

    def make(
        recipe: str, seed: int, level: float, protocol: str = "dic@1", label: str = "", weights: str = "", **changes
    ):
        rng = np.random.default_rng([seed, *recipe.encode()])
        faces = np.random.default_rng(0).normal(25, 3, len(FACES))
        values = dict(zip(FACES, (faces + level + rng.normal(0, 0.1, len(FACES))).tolist(), strict=True))
        model = ModelFacts(
            label=label or f"{recipe}-{seed}",
            distribution="somebody",
            name="network",
            version="1.0",
            weights_hash=weights or sha256_json([recipe, seed]),
            config={},
            card={"recipe": recipe, "seed": seed, "steps": 10},
        )
        training = TrainingFacts(data="unknown", networks=(), seed=seed, method=model.method)
        facts = {"model": model, "training": training, "protocol": protocol_facts(load_protocol(protocol)), **changes}
        record = make_record(psnr=values, **facts)
        write_record(tmp_path, record)
        return record

    return make


def test_two_checkpoints(place, tmp_path) -> None:
    ours, theirs = place("a", 0, 0.5), place("b", 0, 0.0)
    (found,) = compare("a-0", "b-0", tmp_path)
    assert (found.score, found.found.verdict, found.found.scope_words) == ("psnr", "better", "these two checkpoints")
    assert "several seeds" in found.warning
    assert (found.better, found.worse) == (30, 0)
    assert found.by_face["face-03"] == pytest.approx(
        ours.scores["psnr"].per_image["face-03"] - theirs.scores["psnr"].per_image["face-03"]
    )
    low, high = found.found.interval95
    assert low < found.found.mean < high
    (back,) = compare("b-0", "a-0", tmp_path)
    assert (back.found.verdict, back.found.mean) == ("worse", -found.found.mean)


def test_two_methods_by_their_label_and_one_checkpoint_by_its_own(place, tmp_path) -> None:
    for recipe, level in (("a", 0.5), ("b", 0.0)):
        for seed in range(3):
            place(recipe, seed, level)
    (methods,) = compare("a", "b", tmp_path)
    assert (methods.ours.seeds, methods.found.scope_words, methods.warning) == ((0, 1, 2), "these two methods", "")
    (one,) = compare("a-1", "b-2", tmp_path)
    assert (one.ours.seeds, one.theirs.seeds) == ((1,), (2,))
    assert one.found.scope_words == "these two checkpoints"


def test_rows_are_found_by_id_and_by_file_and_by_weights(place, tmp_path) -> None:
    import priorsr
    from priorsr.bench.running.entries import entry_from_spec

    ours, theirs = place("a", 0, 0.5), place("b", 0, 0.0)
    by_label = compare("a-0", "b-0", tmp_path)
    assert compare(ours.id, str(record_path(tmp_path, theirs.id)), tmp_path) == by_label
    assert compare(*(str(record_path(tmp_path, record.id)) for record in (ours, theirs))) == by_label
    path = tmp_path / "net.safetensors"
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1), path)
    weights = entry_from_spec(path).facts.weights_hash
    place("c", 0, 0.0, weights=weights)
    (found,) = compare(str(path), "b-0", tmp_path)
    assert found.ours.record.model.weights_hash == weights


def test_every_protocol_that_both_have_ours_first(place, tmp_path) -> None:
    for protocol in ("dic@1", "kdfsrnet@1", "priorsr@1"):
        place("a", 0, 0.5, protocol)
    for protocol in ("dic@1", "priorsr@1"):
        place("b", 0, 0.0, protocol)
    assert [found.protocol for found in compare("a-0", "b-0", tmp_path)] == ["priorsr@1", "dic@1"]
    assert [found.protocol for found in compare("a-0", "b-0", tmp_path, protocols=["dic@1"])] == ["dic@1"]
    with pytest.raises(UnknownNameError, match="no record under 'dic@9'; did you mean 'dic@1'"):
        compare("a-0", "b-0", tmp_path, protocols=["dic@9"])
    with pytest.raises(OptionError, match="were not scored under one protocol"):
        compare("a-0", "b-0", tmp_path, protocols=["kdfsrnet@1"])


def test_other_hashes_are_not_compared(place, tmp_path) -> None:
    place("a", 0, 0.5)
    place("b", 0, 0.0, scorer_hash=sha256_json("other code"))
    with pytest.raises(OptionError, match="by one scorer"):
        compare("a-0", "b-0", tmp_path)


def test_names_that_are_none_or_several(place, tmp_path) -> None:
    place("a", 0, 0.5)
    place("b", 0, 0.0)
    with pytest.raises(UnknownNameError, match="no record of 'c-0'"):
        compare("c-0", "b-0", tmp_path)
    with pytest.raises(OptionError, match="'a-0' is no record's file, and no results folder"):
        compare("a-0", "b-0")
    place("c", 0, 0.0, label="a-0")
    with pytest.raises(OptionError, match="'a-0' names 2 rows of one table; one of their ids was expected"):
        compare("a-0", "b-0", tmp_path)


@pytest.fixture
def study(place, tmp_path: Path) -> Path:
    """The records of a study of a base with a fusion of one's own, and of three variants, two seeds each."""

    def model(name: str, seed: int, config: dict, overrides: dict) -> ModelFacts:
        return ModelFacts(
            label=f"{name}, seed {seed}",
            distribution="priorsr",
            name="encoder_decoder",
            version="1.0",
            weights_hash=sha256_json([name, seed]),
            config=config,
            card={"recipe": "supervised", "seed": seed, "steps": 10, "overrides": overrides},
        )

    mine = {"fusion": "mine", "attention": "channel", "depth": 1.5}
    variants = {
        "base": (mine, {"options.fusion": "mine"}),
        "options.fusion=concat": ({**mine, "fusion": "concat"}, {"options.fusion": "concat"}),
        "options.attention=spatial": ({**mine, "attention": {"name": "spatial", "options": {}}}, {}),
        "distil=false": (mine, {"options.fusion": "mine", "distil": False}),
    }
    for name, (config, overrides) in variants.items():
        for seed in range(2):
            facts = model(name, seed, config, overrides)
            training = TrainingFacts(data="unknown", networks=(), seed=seed, method=facts.method)
            place(name, seed, 0.0, model=facts, training=training)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("concat", "options.fusion=concat"),
        ("fusion=concat", "options.fusion=concat"),
        ("options.fusion=concat", "options.fusion=concat"),
        ("spatial", "options.attention=spatial"),
        ("distil=false", "distil=false"),
    ],
)
def test_a_variant_is_found_by_what_it_alone_is_set_to(study: Path, name: str, label: str) -> None:
    (found,) = compare("base", name, study)
    (whole,) = compare("base", label, study)
    assert (found.theirs.records, found.theirs.label, found.theirs.seeds) == (whole.theirs.records, name, (0, 1))
    assert found.found == whole.found


@pytest.mark.parametrize("name", ["mine", "fusion=mine", "channel", "depth=1.5"])
def test_a_setting_of_several_rows_names_their_labels(study: Path, name: str) -> None:
    with pytest.raises(OptionError, match=rf"'{name}' names \d rows of one table.*\(base\).*\(distil=false\)"):
        compare(name, "bicubic", study)


@pytest.mark.parametrize("name", ["false", "5", "1.5", "usion=concat", "=concat", "gate"])
def test_what_is_no_word_and_no_whole_key_is_no_setting(study: Path, name: str) -> None:
    known = "base, distil=false, options.attention=spatial, options.fusion=concat"
    with pytest.raises(UnknownNameError, match=rf"no record of '{name}'; (there are: {known}|did you mean)"):
        compare(name, "base", study)


def test_a_base_is_found_by_its_own_value_where_that_differs(place, tmp_path: Path) -> None:
    for fusion in ("mine", "concat"):
        facts = ModelFacts(
            label="base, seed 0" if fusion == "mine" else "fusion=concat, seed 0",
            distribution="priorsr",
            name="encoder_decoder",
            version="1.0",
            weights_hash=sha256_json(fusion),
            config={"fusion": fusion},
            card={},
        )
        training = TrainingFacts(data="unknown", networks=(), seed=0, method=facts.method)
        place(fusion, 0, float(fusion == "mine"), model=facts, training=training)
    (found,) = compare("mine", "concat", tmp_path)
    assert (found.ours.label, found.theirs.label, found.found.verdict) == ("mine", "concat", "better")


def test_a_label_comes_before_a_folder_and_a_folder_before_a_setting(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("base", "concat"):
        Path(name).mkdir()
    assert compare("base", "spatial", study)
    with pytest.raises(DataError, match="concat: has neither"):
        compare("base", "concat", study)


def test_a_label_in_one_table_comes_before_a_setting_in_another(study: Path, place) -> None:
    place("a", 0, 1.0, protocol="sfmnet@1", label="mine")
    place("b", 0, 0.0, protocol="sfmnet@1", label="concat")
    found = compare("mine", "concat", study)
    assert [(one.protocol, one.ours.label, one.theirs.label) for one in found] == [("sfmnet@1", "mine", "concat")]


def test_ranks_stand_beside_and_decide_nothing(make_record, tmp_path) -> None:
    """A few faces make the mean: Wilcoxon's test finds the other direction, and the verdict is by the mean."""
    gains = np.full(40, -0.1) + np.linspace(-0.01, 0.01, 40)
    gains[:10] = np.linspace(1.0, 1.5, 10)
    faces = np.random.default_rng(0).normal(25, 3, 40)
    for label, values in (("ours", faces + gains), ("theirs", faces)):
        write_record(tmp_path, make_record(label, {f"{place:02}": float(value) for place, value in enumerate(values)}))
    (found,) = compare("ours", "theirs", tmp_path)
    assert (found.better, found.worse) == (10, 30)
    assert found.p_ranks > 0.05
    assert found.found.verdict == "better"
    assert found.p_ranks == pytest.approx(p_of_ranks(gains), rel=0.01)


def test_an_infinite_difference_leaves_nothing_to_test(make_record, tmp_path) -> None:
    values = {"a": 20.0, "b": 22.0, "c": 24.0}
    for label, psnr in (("one", {**values, "b": math.inf}), ("other", values)):
        write_record(tmp_path, make_record(label, psnr))
    (found,) = compare("one", "other", tmp_path)
    assert (found.found.mean, found.found.p, found.found.interval95) == (math.inf, None, None)
    assert found.found.verdict_words == "not distinguishable, since a score is infinite"
    draw_comparison(found, tmp_path, tmp_path / "infinite.png")
    assert (tmp_path / "infinite.png").is_file()


def test_a_face_that_is_equal_or_infinite(make_record, tmp_path) -> None:
    values = {"a": 20.0, "b": math.inf, "c": 24.0}
    for label, psnr in (("one", values), ("other", {**values, "a": 19.0})):
        write_record(tmp_path, make_record(label, psnr))
    (found,) = compare("one", "other", tmp_path)
    assert (found.by_face, found.better, found.worse) == ({"a": 1.0, "b": 0.0, "c": 0.0}, 1, 0)


def test_the_picture_shows_the_spread_and_the_faces(place, tmp_path) -> None:
    placed = [place(recipe, 0, level) for recipe, level in (("a", 0.1), ("b", 0.0))]
    records = [
        record.model_copy(update={"outputs": record.identity.outputs_id, "images": teal_hashes(record.images)})
        for record in placed
    ]
    for record in records:
        write_record(tmp_path, record)
    (found,) = compare("a-0", "b-0", tmp_path)
    assert not draw_comparison(found, tmp_path, tmp_path / "bare.png")
    record = records[0]
    folders = {
        faces_path(tmp_path, record.data.hash, "hr"): 128,
        faces_path(tmp_path, record.data.hash, lr_kind(record.protocol.reduction_hash)): 16,
        **{outputs_path(tmp_path, one.outputs): 128 for one in records},
    }
    for folder, side in folders.items():
        folder.mkdir(parents=True)
        for face in FACES:
            teal(side).save(folder / f"{face}.png")
    assert draw_comparison(found, tmp_path, tmp_path / "faces.png")
    bare, faces = (Image.open(tmp_path / name) for name in ("bare.png", "faces.png"))
    assert faces.width > bare.width
    assert faces.height > bare.height
    for face in FACES:  # of which the best and the worst are shown
        Image.new("RGB", (128, 128), "tan").save(outputs_path(tmp_path, records[1].outputs) / f"{face}.png")
    with pytest.raises(DataError, match=r"face-\d\d.png: is another image than that of the records"):
        draw_comparison(found, tmp_path, tmp_path / "faces.png")
