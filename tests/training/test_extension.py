from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import toys
from safetensors.torch import load_file

from priorsr.errors import DataError, OptionError
from priorsr.training import cosine, stable_decay, steps, train
from priorsr.training.checkpoints import Checkpoints
from priorsr.training.loop import StageLoop

SCHEDULE = stable_decay(warmup=steps(2))


def run(faces: Path, out: Path, **options: Any) -> Any:
    overrides = {"model": "toy", "schedule": SCHEDULE, "batch_size": 2, "ema": 0.9}
    first = options.get("extend") is None and not options.get("resume")
    given = {"overrides": overrides, "validate_every": 5} if first else {}
    return train("supervised", faces, out, checkpoint_seconds=0.0, **given, **options)


def weights(folder: Path) -> dict[str, bytes]:
    return {k: v.numpy().tobytes() for k, v in load_file(folder / "weights" / "model.safetensors").items()}


def test_an_extended_run_ends_as_one_that_was_longer_from_its_start(faces: Path, tmp_path: Path) -> None:
    run(faces, tmp_path / "long", steps=30)
    run(faces, tmp_path / "short", steps=15)
    before = weights(tmp_path / "short")
    assert before != weights(tmp_path / "long")
    run(faces, tmp_path / "short", extend=15)
    assert weights(tmp_path / "short") == weights(tmp_path / "long")
    assert weights(tmp_path / "short" / "earlier" / "15") == before
    config = json.loads((tmp_path / "short" / "config.json").read_text())
    assert config["stage_steps"] == {"model": 30}
    assert config["extensions"] == [{"stage": "model", "from_step": 12, "steps_before": 15, "steps": 30}]
    lines = [json.loads(line) for line in (tmp_path / "short" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "validation"] == [5, 10, 15, 20, 25, 30]


def test_an_extension_killed_at_any_moment_is_resumed(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(faces, tmp_path / "long", steps=30)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for moment in ("priorsr.training.extension.atomic_json", "advance", "forget_after"):
        out = tmp_path / moment
        run(faces, out, steps=15)
        with monkeypatch.context() as patch:
            if moment == "advance":
                patch.setattr(StageLoop, "advance", killed)
            elif moment == "forget_after":
                patch.setattr(Checkpoints, "forget_after", killed)
            else:
                patch.setattr(moment, killed)
            with pytest.raises(KeyboardInterrupt):
                run(faces, out, extend=15)
        run(faces, out, resume=True)
        if json.loads((out / "config.json").read_text())["stage_steps"] == {"model": 15}:
            run(faces, out, extend=15)  # it was killed before the extension was written down
        assert weights(out) == weights(tmp_path / "long")


def test_what_cannot_be_extended_is_refused_and_left(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing: holds no run; the folder of a finished run was expected"):
        run(faces, tmp_path / "nothing", extend=5)
    out = tmp_path / "cosine"
    train("supervised", faces, out, overrides={"model": "toy", "schedule": cosine()}, steps=4)
    with pytest.raises(DataError, match="the schedule of the stage 'model' depends on the stage's length"):
        run(faces, out, extend=5)
    with pytest.raises(OptionError, match="extend is 0; a number from 1"):
        run(faces, out, extend=0)
    assert weights(out)
    assert not (out / "earlier").exists()


def test_an_unfinished_run_is_finished_first(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = StageLoop.advance

    def advance(self: StageLoop) -> Any:
        if self.step == 14:
            raise RuntimeError("killed")
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(StageLoop, "advance", advance)
        with pytest.raises(RuntimeError, match="killed"):
            run(faces, tmp_path / "run", steps=15)
    with pytest.raises(DataError, match="is not finished; resume it first"):
        run(faces, tmp_path / "run", extend=5)


assert toys  # registers what is trained
