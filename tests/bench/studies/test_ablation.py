"""Ablations of a toy recipe, at a scale that the protocols have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import toys

from priorsr.bench import Record, ablate, read_results
from priorsr.bench.statistics.means import estimate_mean
from priorsr.bench.statistics.samples import make_samples
from priorsr.bench.statistics.verdicts import compare_family
from priorsr.bench.store.results import read_record
from priorsr.bench.studies.ablation_report import Ablation, markdown
from priorsr.bench.studies.trainings import Training
from priorsr.errors import DataError, OptionError, UnknownNameError
from priorsr.training import TrainingInterruptedError, run_log

BASE = {"student.scale": 8, "teacher.scale": 8, "ema": None}


VARY = {"student.width": [4, 2], "learning_rate": [0.03]}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.make_faces(tmp_path_factory.mktemp("data") / "faces", val=6)


@pytest.fixture(scope="module")
def call(faces: Path):
    """Ablate the toy quickly; curves take long."""

    def run(out: Path, **options) -> Ablation:
        asked = {"data": faces, "split": "val", "vary": VARY, "steps": 6, "seeds": 2, "overrides": BASE}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run_log, "draw_curves", lambda rows, path: None)
            return ablate("toy-distilled", out=out, protocols=["dic@1"], save_outputs=False, **{**asked, **options})

    return run


@pytest.fixture(scope="module")
def done(call, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ablation]:
    out = tmp_path_factory.mktemp("ablation") / "out"
    return out, call(out)


@pytest.fixture(scope="module")
def protocol(done) -> str:
    return done[1].protocols[0].id


def of(done, variant: str) -> list[Record]:
    """A variant's records, by seed."""
    by_label = {record.model.label: record for record in read_results(done[0] / "results")}
    return [by_label[f"{variant}, seed {seed}"] for seed in (0, 1)]


def test_every_variant_is_trained_alike_with_every_seed(done) -> None:
    out, ablation = done
    assert [variant.name for variant in ablation.variants] == ["base", "student.width=2", "learning_rate=0.03"]
    assert ablation.base_values == {"student.width": 4}
    configs = {}
    for variant in ablation.variants:
        assert variant.steps == {"teacher": 2, "student": 4}
        assert [run.seed for run in variant.runs] == [0, 1]
        for run in variant.runs:
            configs[variant.name, run.seed] = json.loads((out / run.folder / "config.json").read_text())
    assert {config["steps"] for config in configs.values()} == {6}
    assert {key[1]: config["seed"] for key, config in configs.items()} == {0: 0, 1: 1}
    assert configs["student.width=2", 1]["config"]["student"]["width"] == 2
    assert configs["learning_rate=0.03", 0]["config"]["learning_rate"] == 0.03
    assert len({run.weights_hash for variant in ablation.variants for run in variant.runs}) == 6


def test_scores_and_differences_are_over_seeds_and_images(done, protocol) -> None:
    _, ablation = done
    names = [variant.name for variant in ablation.variants]
    base, narrow, fast = make_samples(
        [[record.scores["psnr"].per_image for record in of(done, name)] for name in names]
    )
    found = ablation.variants[1].scores[protocol]["psnr"]
    estimate = estimate_mean(narrow)
    assert (found.mean, found.interval95, found.over) == (estimate.mean, estimate.interval95, estimate.over)
    family = compare_family([(narrow, base), (fast, base)], higher_is_better=True)
    for variant, expected in zip(ablation.variants[1:], family, strict=True):
        difference = variant.scores[protocol]["psnr"].difference
        for name in ("mean", "interval95", "over", "p", "p_holm", "verdict", "untested"):
            assert getattr(difference, name) == getattr(expected, name)
    assert found.difference.over == "seeds and images"
    assert found.per_seed == tuple(record.scores["psnr"].mean for record in of(done, "student.width=2"))
    assert ablation.variants[0].scores[protocol]["psnr"].difference is None
    assert {found.difference.verdict} <= {"better", "worse", "not distinguishable"}


def test_costs_are_the_scored_models(done) -> None:
    out, ablation = done
    base, narrow, _ = ablation.variants
    assert base.stage == "student"
    assert base.parameters == sum(p.numel() for p in toys.Toy(toys.ToyConfig(width=4)).parameters())
    assert narrow.macs < base.macs
    lines = [json.loads(line) for line in (out / base.runs[0].folder / "metrics.jsonl").read_text().splitlines()]
    (student,) = [line for line in lines if line["kind"] == "step" and line["stage"] == "student"]
    assert base.runs[0].seconds_per_step == pytest.approx(student["seconds"])
    assert base.runs[0].training_seconds > 4 * student["seconds"]


def test_the_file_is_of_the_schema_and_the_page_and_picture_are_there(done) -> None:
    out, ablation = done
    assert Ablation.model_validate_json((out / "ablation.json").read_text()) == ablation
    assert (out / "ablation.png").read_bytes()[1:4] == b"PNG"
    page = (out / "ablation.md").read_text()
    for text in (
        "# Ablation of toy-distilled",
        "| base (student.width=4) |",
        "| student.width=2 |",
        "2 training seeds",
    ):
        assert text in page
    assert ablation.variants[1].scores[ablation.protocols[0].id]["psnr"].difference.verdict in page
    assert page.count("| variant |") == 2  # PSNR and SSIM


def test_the_same_call_trains_and_scores_nothing_again(done, call, monkeypatch) -> None:
    out, ablation = done
    monkeypatch.setattr(Training, "run", lambda *_: pytest.fail("was trained again"))
    monkeypatch.setattr("priorsr.bench.running.model_run.measure_cost", lambda *_: pytest.fail("was scored again"))
    again = call(out)
    assert again.variants == ablation.variants


def test_it_says_on_what_its_runs_were_trained_and_by_which_rule_it_judges(done, call) -> None:
    out, ablation = done
    config = json.loads((out / ablation.variants[0].runs[0].folder / "config.json").read_text())
    for run in (run for variant in ablation.variants for run in variant.runs):
        assert (run.device, run.threads, run.versions) == (config["device"], config["threads"], config["versions"])
    assert f"with python {config['versions']['python']}, priorsr" in (out / "ablation.md").read_text()
    found = call(out)  # records are kept
    assert found.statistics.model_dump() == {"test": "Hall's t", "correction": "Holm"}
    assert "corrected by Holm's method" in (out / "ablation.md").read_text()
    strange = found.variants[0].runs[0].model_copy(update={"versions": {"priorsr": "0.0.1"}})
    first = found.variants[0].model_copy(update={"runs": (strange, found.variants[0].runs[1])})
    mixed = markdown(found.model_copy(update={"variants": (first, *found.variants[1:])}))
    assert "with priorsr 0.0.1; or with python" in mixed
    assert "Not all runs were trained alike" in mixed
    assert "trained alike" not in markdown(found)


def test_a_score_that_only_some_kept_records_have_is_left_aside(done, call) -> None:
    """As an ablation leaves them that was asked for one more score, and stopped while it scored."""
    out, ablation = done
    path = out / "results/records" / f"{next(iter(ablation.variants[1].runs[0].records.values()))}.json"
    kept, record = path.read_text(), read_record(path)
    more = record.model_copy(update={"scores": {**record.scores, "lpips": record.scores["psnr"]}})
    path.write_text(more.model_dump_json())
    try:
        found = call(out)
    finally:
        path.write_text(kept)
    assert found.variants == ablation.variants


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"steps": 7}, "steps was 6 and is 7"),
        ({"vary": {"student.width": [2]}}, "vary.learning_rate was [0.03] and is None"),
        ({"overrides": {**BASE, "ema": 0.5}}, "base.ema was None and is 0.5"),
        ({"full": True}, "full was False and is True"),
    ],
)
def test_another_ablation_in_the_folder_is_refused(done, call, change, difference) -> None:
    with pytest.raises(OptionError, match="holds another ablation") as raised:
        call(done[0], **change)
    assert difference in str(raised.value)


def test_more_seeds_go_on_from_those_that_are_there(done, call, tmp_path, monkeypatch) -> None:
    train, started = Training.run, []

    def noted(training: Training, console: object) -> None:
        started.append((training.folder.parent.name.partition("-")[0], training.seed))
        train(training, console)

    monkeypatch.setattr(Training, "run", noted)
    found = call(shutil.copytree(done[0], tmp_path / "out"), seeds=3)
    assert started == [("base", 2), ("student.width=2", 2), ("learning_rate=0.03", 2)]
    assert (found.seeds, [len(variant.runs) for variant in found.variants]) == (3, [3, 3, 3])
    for variant, before in zip(found.variants, done[1].variants, strict=True):
        assert variant.runs[:2] == before.runs
        (score,) = (scores["psnr"] for scores in variant.scores.values())
        assert len(score.per_seed) == 3
    assert "3 training seeds" in (tmp_path / "out/ablation.md").read_text()
    assert call(tmp_path / "out").variants == done[1].variants  # those of fewer seeds
    assert len(started) == 3


def test_a_file_in_the_folders_place_is_told(call, tmp_path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(DataError, match="out: is a file; a folder for the results was expected"):
        call(tmp_path / "out")


def test_other_data_are_refused(done, call, tmp_path) -> None:
    with pytest.raises(OptionError, match="holds another ablation: data was"):
        call(done[0], data=toys.make_faces(tmp_path / "others", seed=1))


def test_a_stopped_ablation_goes_on_and_ends_as_an_unbroken_one(done, call, tmp_path, monkeypatch) -> None:
    train, started = Training.run, []

    def stopped(training: Training, console: object) -> None:
        started.append(training.label)
        if len(started) == 3:
            raise TrainingInterruptedError("stopped at step 2")
        train(training, console)

    monkeypatch.setattr(Training, "run", stopped)
    with pytest.raises(
        TrainingInterruptedError, match="stopped after 2 of 6 runs, and saved; the same command or call continues"
    ):
        call(tmp_path)
    assert not (tmp_path / "ablation.json").exists()
    found = call(tmp_path)
    assert started == [*started[:3], *started[2:3], *started[4:]]
    hashes = [[run.weights_hash for run in variant.runs] for variant in found.variants]
    assert hashes == [[run.weights_hash for run in variant.runs] for variant in done[1].variants]


def test_with_one_seed_it_says_that_it_is_about_checkpoints(done, call, tmp_path) -> None:
    found = call(tmp_path, seeds=1, vary={"student.width": [2]}, product="teacher")
    score = found.variants[1].scores[found.protocols[0].id]["psnr"]
    assert (score.over, score.difference.over) == ("images", "images")
    assert "between these two checkpoints" in (tmp_path / "ablation.md").read_text()
    assert found.variants[0].stage == "teacher"
    assert found.variants[0].parameters == sum(p.numel() for p in toys.Toy(toys.ToyConfig(width=6)).parameters())


def test_mistakes_are_told_before_anything_is_trained(call, tmp_path, faces) -> None:
    out = tmp_path / "out"
    for options, error, message in (
        ({"seeds": 0}, OptionError, "seeds is 0"),
        ({"jobs": 0}, OptionError, "jobs is 0"),
        ({"jobs": 2}, OptionError, "'toy-distilled' is registered in this program alone"),
        ({"steps": 1}, OptionError, "steps is 1; 2 or more"),
        ({"product": "discriminator"}, OptionError, r"\(base\) has no product 'discriminator'"),
        (
            {"vary": {"student.fusion": ["cancat"]}},
            UnknownNameError,
            "student.fusion=cancat: there is no fusion 'cancat'",
        ),
        ({"protocols": ["dic@9"]}, UnknownNameError, "dic@9"),
        ({"split": "vol"}, UnknownNameError, "'vol'"),
        ({"overrides": {"ema": None}}, OptionError, "base: 'student' enlarges by 4, and dic@1 .* scores 8"),
        ({"data": tmp_path / "gone"}, DataError, "gone"),
    ):
        options = {"vary": VARY, "protocols": ["dic@1"], **options}
        with pytest.raises(error, match=message):
            ablate(
                "toy-distilled", out=out, **{"data": faces, "split": "val", "steps": 6, "overrides": BASE, **options}
            )
    assert not out.exists()
