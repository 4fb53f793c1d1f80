"""Runs of an ablation in processes of their own, side by side."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from priorsr.bench.studies.trainings import times, train_all
from priorsr.errors import DataError, PriorsrError


def test_runs_at_once_end_as_runs_in_turn(training) -> None:
    at_once = [training("one"), training("two", width=6)]
    train_all(at_once, 2, None)
    assert all(run.finished for run in at_once)
    assert times(at_once[0].folder).a_step.keys() == {"student"}
    config = json.loads((at_once[0].folder / "config.json").read_text())
    assert config["threads"] == max(1, torch.get_num_threads() // 2)
    assert (config["seed"], config["steps"], config["config"]["student"]["width"]) == (0, 3, 4)


def test_a_run_that_fails_ends_the_others_and_says_why(training) -> None:
    wrong, long = training("wrong", feature_weight=-1), training("long", steps=100_000)
    with pytest.raises(PriorsrError, match=r"wrong/seed-0: training stopped with exit code 1: .*feature_weight is -1"):
        train_all([wrong, long], 2, None)
    assert not long.finished


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_stops_and_is_saved_when_its_ablation_is_stopped(training, number) -> None:
    run = training(steps=100_000)
    program = (
        "import sys, json; from priorsr.bench.studies.trainings import Training, train_all;"
        "train_all([Training(**json.loads(sys.argv[1]))] * 1, 2, None)"
    )
    ablation = subprocess.Popen([sys.executable, "-c", program, json.dumps(vars(run))])
    try:
        wait_until(lambda: times(run.folder).whole > 0)
        ablation.send_signal(number)
        wait_until(lambda: unlocked(run.folder))
        assert list(run.folder.glob("checkpoints/[!.]*"))  # not one that is half-written
        assert "and saved in" in run.folder.with_suffix(".log").read_text()
    finally:
        ablation.kill()
        ablation.wait()


def wait_until(true) -> None:
    deadline = time.monotonic() + 600  # a busy machine takes minutes to start a run
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def unlocked(folder: Path) -> bool:
    from priorsr.training.run_folder import RunFolder

    try:
        with RunFolder(folder).locked():
            return True
    except DataError:
        return False
