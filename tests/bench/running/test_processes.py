"""Runs in processes of their own: killed, and several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slow  # registers the model
import torch
from doubles import clouds

from priorsr.bench import Record, run
from priorsr.bench.running.processes import Processes
from priorsr.errors import DataError

COMMAND = ["bench", "run", "--split", "val", "--model", "slow", "--protocol", "pfsr@1", "dic@1", "--batch-size", "4"]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def start(*arguments: object, launcher: tuple[str, ...] = (), seconds: float = 0.0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *launcher, slow.__file__, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "OMP_NUM_THREADS": str(torch.get_num_threads()),
            "PRIORSR_TEST_SECONDS": str(seconds),
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        },
        start_new_session=True,
    )


def wait_for_batches(results: Path, process: subprocess.Popen[str]) -> None:
    """Until bicubic has a record, and a batch of the model after it is done."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(results.glob("records/*.json")) and any(results.glob(".partial/*/*.jsonl")):
            return
        time.sleep(0.02)
    pytest.fail(f"no batch was done: {process.communicate()[0]}")


def facts(records: list[Record]) -> list[dict[str, object]]:
    """What must be the same however a run went."""
    return [record.model_dump(include={"id", "images", "scores", "outputs", "scorer_hash"}) for record in records]


def test_killed_and_gone_on_with_by_two_processes_is_as_one_unbroken_run(tmp_path: Path) -> None:
    faces = clouds(tmp_path / "set", count=21)  # in batches of 4, which are no multiple of pfsr@1's 16
    command = [*COMMAND, "--data", faces.path, "--out", tmp_path / "broken"]
    killed = start(*command, seconds=0.5)
    wait_for_batches(tmp_path / "broken", killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL

    several = start(*command, launcher=TORCHRUN)  # with as many threads each
    said, _ = several.communicate(timeout=300)
    assert several.returncode == 0, said
    model = slow.Slow(slow.SlowConfig())
    whole = run(model, data=faces, split="val", protocols=["pfsr@1", "dic@1"], batch_size=4, out=tmp_path / "whole")
    resumed = run(model, data=faces, split="val", protocols=["pfsr@1", "dic@1"], batch_size=4, out=tmp_path / "broken")
    assert facts(resumed) == facts(whole)
    assert {record.execution.processes for record in resumed} == {2}
    for record in whole:
        folders = [tmp_path / name / "outputs" / record.outputs for name in ("broken", "whole")]
        ours, theirs = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert ours == theirs
    assert "continues after" in said
    assert said.count("dic@1 on clouds val") == 1  # one process prints the tables


# What the processes tell each other, without processes


def test_one_process_decides_alone() -> None:
    alone = Processes()
    assert alone.decide(lambda: 3) == 3
    assert alone.first(None) is None
    assert alone.first("found") == "found"
    alone.wait()
    assert alone.device(torch.device("cuda")) == torch.device("cuda")


@pytest.mark.parametrize("rank", [0, 1])
def test_a_mistake_that_the_main_process_finds_is_raised_in_all(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broadcast(answer: list[object]) -> None:
        if rank:
            answer[:] = [None, DataError("no such file")]

    monkeypatch.setattr("priorsr.bench.running.processes.distributed.broadcast_object_list", broadcast)

    def find() -> None:
        assert rank == 0
        raise DataError("no such file")

    with pytest.raises(DataError, match="no such file"):
        Processes(rank, 2).decide(find)


def test_each_process_takes_a_gpu_of_its_own_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert Processes(3, 4).device(torch.device("cuda")) == torch.device("cuda:1")
    assert Processes(3, 4).device(torch.device("cuda:0")) == torch.device("cuda:0")
    assert Processes(3, 4).device(torch.device("cpu")) == torch.device("cpu")
