"""Saved SR images that are scored again without the model, and those that are not believed."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from doubles import Stored
from PIL import Image
from torch import Tensor

import priorsr
from priorsr.bench import read_results
from priorsr.bench.running import model_run
from priorsr.bench.scoring import finished_record
from priorsr.data import Reduction
from tests.bench.running.resuming.timeless_records import timeless


def test_saved_images_are_scored_under_a_new_protocol_as_the_model_would_be(bench, lr, noisy, tmp_path) -> None:
    names = ("rounded", "exact", "cut")
    together = bench(Stored(lr, noisy), names, out=tmp_path / "together")
    model = Stored(lr, noisy)
    apart = [record for name in names for record in bench(model, [name])]
    assert timeless(apart) == timeless(together)
    assert model.count == 2 * 5  # "exact" scores what is not rounded, and "rounded" had kept what is


@pytest.mark.parametrize("what", ["image", "array", "facts", "missing"])
def test_saved_images_that_have_changed_are_found_out(bench, lr, noisy, tmp_path, capsys, what: str) -> None:
    (first,) = bench(Stored(lr, noisy), ["exact" if what == "array" else "rounded"])
    folder = tmp_path / "outputs" / first.outputs
    if what == "image":
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "cloud-2.png")
    elif what == "array":
        values = np.load(folder / "cloud-2.npy")
        values[0, 0, 0] += 1e-6
        np.save(folder / "cloud-2.npy", values)
    elif what == "facts":
        folder.with_name(f"{folder.name}.json").write_text("{")
    else:
        (folder / "cloud-2.png").unlink()
    model = Stored(lr, noisy)
    (record,) = bench(model, ["cut"])
    assert model.count == 5
    said = " ".join(capsys.readouterr().err.split())
    assert "the model runs again" in said
    assert {"facts": f"{folder.name}.json: cannot be read as JSON"}.get(what, "cloud-2") in said
    assert record.scores == bench(Stored(lr, noisy), ["cut"], out=tmp_path / "new")[0].scores
    assert bench(Stored(lr, noisy), ["cut"]) == [record]


def test_saved_images_of_other_lr_images_are_not_believed(bench, lr, noisy, monkeypatch, capsys) -> None:
    bench(Stored(lr, noisy))
    reduce = Reduction.reduce
    monkeypatch.setattr(Reduction, "reduce", lambda *given, **options: 255 - reduce(*given, **options))
    bench(Stored(lr, noisy), ["cut"])
    assert "made for another LR" in capsys.readouterr().err


def test_a_broken_record_is_put_aside_and_made_again(bench, lr, noisy, tmp_path, capsys) -> None:
    (first,) = bench(Stored(lr, noisy))
    path = tmp_path / "records" / f"{first.id}.json"
    broken = path.read_text().replace('"mean": ', '"mean": 1')
    path.write_text(broken)
    (second,) = bench(Stored(lr, noisy))
    assert timeless([second]) == timeless([first])
    assert path.with_suffix(".broken").read_text() == broken
    assert "mean" in capsys.readouterr().err
    assert len(read_results(tmp_path)) == 2


def test_a_changed_scorer_scores_again_without_the_model(bench, lr, noisy, monkeypatch) -> None:
    model = Stored(lr, noisy)
    bench(model)
    for module in (model_run, finished_record, sys.modules["priorsr.bench.scoring.scorer"]):
        monkeypatch.setattr(module, "scorer_hash", lambda: "0" * 64)
    (record,) = bench(model)
    assert record.scorer_hash == "0" * 64
    assert model.count == 5


@pytest.fixture
def brightness() -> None:
    @priorsr.register("score", "brightness")
    class Brightness:
        kind = "score"
        higher_is_better = True

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            return sr.mean(dim=(1, 2, 3))


def test_a_score_asked_for_before_is_not_lost_and_one_asked_for_now_needs_no_model(
    bench, brightness, lr, noisy
) -> None:
    @priorsr.register("score", "darkness")
    class Darkness:
        kind = "score"
        higher_is_better = True

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            return 1 - sr.mean(dim=(1, 2, 3))

    model = Stored(lr, noisy)
    (first,) = bench(model, scores=["brightness"])
    (second,) = bench(model, scores=["darkness"])
    assert model.count == 5
    assert list(second.scores) == ["psnr", "darkness", "brightness"]
    assert second.scores["brightness"] == first.scores["brightness"]
    assert second.extra_scores.keys() == {"brightness", "darkness"}
