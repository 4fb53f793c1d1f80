"""Runs of an ablation in processes of their own, side by side."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from priorsr.bench.executors.local_processes import LocalProcesses
from priorsr.bench.studies.trainings import times, train_all
from priorsr.errors import DataError, PriorsrError
from priorsr.models.weights import load_file, weights_hash


@pytest.fixture(scope="module")
def two() -> Iterator[LocalProcesses]:
    with LocalProcesses(2, 1) as processes:
        yield processes


def test_runs_at_once_end_as_runs_in_turn(training, two, tmp_path) -> None:
    at_once = [training("one"), training("two", width=6)]
    train_all(at_once, two, tmp_path, None)
    assert all(run.finished for run in at_once)
    assert times(at_once[0].folder).a_step.keys() == {"student"}
    config = json.loads((at_once[0].folder / "config.json").read_text())
    assert (config["threads"], config["seed"], config["steps"]) == (1, 0, 3)
    assert config["config"]["student"]["width"] == 4
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train_all([training("alone")], None, tmp_path, None)
    finally:
        torch.set_num_threads(threads)
    one, alone = (tmp_path / name / "seed-0/weights/student.safetensors" for name in ("one", "alone"))
    assert weights_hash(load_file(one)) == weights_hash(load_file(alone))


def test_a_run_that_fails_ends_the_others_and_says_why(training, two, tmp_path) -> None:
    wrong, long = training("wrong", feature_weight=-1), training("long", steps=100_000)
    with pytest.raises(PriorsrError, match=r"^wrong: .*feature_weight is -1"):
        train_all([wrong, long], two, tmp_path, None)
    assert not long.finished
    assert unlocked(long.folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_stops_and_is_saved_when_its_ablation_is_stopped(training, tmp_path, number) -> None:
    run = training(steps=100_000)
    program = (
        "import sys, json; from pathlib import Path; from priorsr.bench.studies.trainings import Training, train_all;"
        "from priorsr.bench.executors.local_processes import LocalProcesses\n"
        "with LocalProcesses(1, 1) as workers:\n"
        "    train_all([Training(**json.loads(sys.argv[1]))], workers, Path(sys.argv[2]), None)"
    )
    ablation = subprocess.Popen([sys.executable, "-c", program, json.dumps(vars(run)), tmp_path])
    try:
        wait_until(lambda: times(run.folder).whole > 0)
        ablation.send_signal(number)
        wait_until(lambda: unlocked(run.folder))
        assert list(run.folder.glob("checkpoints/[!.]*"))  # not one that is half-written
    finally:
        ablation.kill()
        ablation.wait()
    assert not run.finished


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
