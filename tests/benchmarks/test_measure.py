"""Timing, bytes moved and memory held, against what is known; and the scaling suite, small."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from benchmarks import scaling
from benchmarks.measure.timing import AHEAD, Clock
from benchmarks.measure.traffic import peak_memory, traffic

CPU = torch.device("cpu")


def test_the_median_of_calls_in_turn() -> None:
    order: list[str] = []
    runs = {"slow": lambda: (order.append("slow"), time.sleep(0.01)), "fast": lambda: order.append("fast")}
    found = Clock(CPU).compare(runs, seconds=0.1)
    assert order[2:6] == ["slow", "fast", "slow", "fast"]  # after the warm-up
    assert found["slow"].median >= 10
    assert found["fast"].median < found["slow"].median
    assert found["slow"].runs == found["fast"].runs >= 2
    assert found["slow"].low <= found["slow"].median <= found["slow"].high


def test_a_gpu_that_is_there_first_is_kept_at_work_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    was_first = [True, True, False, False]
    before: list[int] = []  # each call, how often the cache was overwritten

    class Event:
        """As much of an event as the clock asks for."""

        def __init__(self, enable_timing: bool) -> None: ...
        def record(self) -> None: ...
        def query(self) -> bool:
            return was_first.pop(0)

        def elapsed_time(self, _: object) -> float:
            return float(len(before))

    class Cache:
        count = 0

        def zero_(self) -> None:
            self.count += 1

    def run() -> None:
        before.append(cache.count)
        cache.count = 0

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    clock, cache = Clock(CPU, queued=True), Cache()
    monkeypatch.setattr(clock, "_flush", cache)
    assert [clock._once(run), clock._once(run)] == [3, 4]  # times of calls that the GPU was first at are not kept
    assert before == [AHEAD, 2 * AHEAD, 4 * AHEAD, 4 * AHEAD]


def test_bytes_moved() -> None:
    x, y = torch.rand(8, 4), torch.rand(4)
    assert traffic(lambda a, b: a + b, (x, y), backward=False) == 4 * (32 + 4 + 32)
    assert traffic(lambda a, b: a.t() + b.expand(8, 4).t(), (x, y), backward=False) == 4 * (
        32 + 4 + 32
    )  # views are free
    assert traffic(lambda a, b: a * b, (x, y), backward=True) > 2 * 4 * (32 + 4 + 32)


def test_memory_held() -> None:
    def run() -> Tensor:
        first = torch.ones(1000)
        second = first * 2
        del first
        return second * 3

    assert peak_memory(run, CPU) == 2 * 4000


def test_a_small_scaling_run(tmp_path: Path) -> None:
    assert scaling.main(["--small", "--out", str(tmp_path)]) == 0
    points = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))["points"]
    assert {point["variant"] for point in points} == {"plain", "ours"}
    assert len({(point["op"], point["axis"]) for point in points}) == 6
    with Image.open(tmp_path / "scaling.png") as picture:
        assert picture.width > 500
