"""Tasks as jobs of submitit, whose local executor stands in for SLURM."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from work import Deadly, Long, Square, Wrong

from priorsr.bench.executors.clusters import open_cluster
from priorsr.bench.executors.slurm_cluster import SubmittedJobs
from priorsr.errors import OptionError
from priorsr.execution.stopping import StoppedError

submitit = pytest.importorskip("submitit", reason="submitit is not installed (the extra slurm)")


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SubmittedJobs]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # where jobs find `work`
    with SubmittedJobs(submitit.LocalExecutor(tmp_path / ".slurm")) as executor:
        yield executor


def test_jobs_return_results_and_one_that_dies_is_submitted_again(carried_out, jobs, tmp_path, printed) -> None:
    assert carried_out([Deadly(7, folder=tmp_path), Square(3)], jobs) == [49, 9]
    assert "square of 7: was lost (UncompletedJobError" in printed.getvalue()
    assert "square of 3: was lost" not in printed.getvalue()
    assert len(list(tmp_path.glob("try-*"))) == 2


def test_errors_of_jobs_arrive(carried_out, jobs) -> None:
    with pytest.raises(OptionError, match="^square of 1: the width is -1"):
        carried_out([Wrong(1)], jobs)


def test_ctrl_c_stops_jobs_once_they_have_saved(carried_out, jobs, tmp_path) -> None:
    def press() -> None:
        while not (tmp_path / "began-1").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(StoppedError, match="stopped after 0 of 1 tasks"):
        carried_out([Long(1, folder=tmp_path)], jobs)
    assert (tmp_path / "saved-1").exists()


class Recorded(submitit.SlurmExecutor):
    """An executor for SLURM on a machine without it."""

    @classmethod
    def affinity(cls) -> int:
        return 2


def test_options_of_sbatch_reach_the_job(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(submitit, "SlurmExecutor", Recorded)
    with open_cluster("slurm:partition=gpu,time=240,cpus_per_task=8,mem=32GB", tmp_path) as executor:
        script = executor._executor._make_submission_file_text("command", "id")
    for line in ("partition=gpu", "time=240", "cpus-per-task=8", "mem=32GB", "job-name=priorsr"):
        assert f"#SBATCH --{line}\n" in script
    with pytest.raises(OptionError, match=r"^slurm: .*parition"):
        open_cluster("slurm:parition=gpu", tmp_path)


def test_a_machine_without_slurm_is_one_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        OptionError, match="^slurm: the command sbatch was not found; a machine that submits SLURM jobs"
    ):
        open_cluster("slurm", tmp_path)
