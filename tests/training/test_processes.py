"""Runs in processes of their own: killed, interrupted, and several at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from priorsr.models import weights
from priorsr.training import train

SCRIPT = Path(__file__).parent / "toys.py"
FAST = ["--validate-every", "20", "--checkpoint-seconds", "0"]
PATIENCE = 300  # seconds; a run takes a few, and much longer where others use the cores too

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """`priorsr ARGUMENTS` in a process of its own, with as many threads as here; killed at the end if need be."""
    processes = []

    def launch(*arguments: object, launcher: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *launcher, str(SCRIPT), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": str(torch.get_num_threads()),
                "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # see train
            },
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield launch
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def wait_for(process: subprocess.Popen[str], folder: Path, stage: str, step: int) -> None:
    """Until the metrics tell of a step of a stage."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        path = folder / "metrics.jsonl"
        for line in path.read_text().splitlines() if path.exists() else []:
            if line.endswith("}") and (found := json.loads(line))["stage"] == stage and found["step"] >= step:
                return
        time.sleep(0.02)
    pytest.fail(f"{stage} {step} was not reached: {process.communicate()[0]}")


def test_interrupted_then_killed_then_resumed_is_as_unbroken(start: Start, faces: Path, tmp_path: Path) -> None:
    command = ["train", "toy-distilled", "--data", faces, "--preset", "slow", "--steps", 120, *FAST, "--out"]
    folder = tmp_path / "broken"
    interrupted = start(*command, folder)
    wait_for(interrupted, folder, "student", 20)
    interrupted.send_signal(signal.SIGINT)
    said, _ = interrupted.communicate(timeout=PATIENCE)
    assert interrupted.returncode == 130
    assert "stopped at step" in said
    assert "resume it to continue (--resume)" in said
    assert "Traceback" not in said

    killed = start(*command, folder, "--resume")
    wait_for(killed, folder, "student", 50)
    killed.kill()
    said, _ = killed.communicate(timeout=PATIENCE)
    assert "resuming after step" in said

    resumed = start(*command, folder, "--resume")
    said, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, said
    whole = train("toy-distilled", faces, tmp_path / "whole", preset="slow", steps=120, validate_every=20)
    for name in ("teacher", "student"):
        ours = (folder / "weights" / f"{name}.safetensors").read_bytes()
        assert ours == whole.products[name].read_bytes()
    steps = [(line["stage"], line["step"], line["kind"]) for line in lines(folder)]
    assert len(steps) == len(set(steps))


def test_two_processes_follow_one_also_when_torchrun_had_to_start_them_again(
    start: Start, faces: Path, tmp_path: Path
) -> None:
    command = ["train", "toy-distilled", "--data", faces, "--set", "noisy=false", "--set", "dies=true"]
    command += ["--steps", 12, "--precision", "float32", *FAST, "--out"]
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--max-restarts", "1")
    several = start(*command, tmp_path / "two", launcher=torchrun)
    said, _ = several.communicate(timeout=PATIENCE)
    assert several.returncode == 0, said
    assert "resuming after step 4 of the stage 'teacher'" in said
    assert said.count("student: step 8 ") == 1
    one = train("toy-distilled", faces, tmp_path / "one", overrides={"noisy": False}, steps=12, precision="float32")
    assert json.loads((tmp_path / "two" / "config.json").read_text())["processes"] == 2
    for ours, theirs in zip(lines(tmp_path / "two"), lines(tmp_path / "one"), strict=False):
        if ours["kind"] == "step":
            assert ours["losses"] == pytest.approx(theirs["losses"], rel=1e-4)
    expected = weights.load_file(one.products["student"]).state_dict()
    found = weights.load_file(tmp_path / "two" / "weights" / "student.safetensors").state_dict()
    assert all(torch.allclose(found[key], expected[key], atol=1e-4) for key in expected)


def test_recipes_can_be_described_without_what_training_needs() -> None:
    check = "import sys, priorsr.training; sys.exit('accelerate' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
