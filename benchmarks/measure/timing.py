"""Times on a GPU and on a CPU: warm, interleaved, and the median."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

Run = Callable[[], object]

LEAST_RUNS, MOST_RUNS = 2, 200
AHEAD, MOST_AHEAD = 24, 192  # times that a GPU's cache is overwritten, 1 ms or more, while the CPU queues a call


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a call: the median, the first and third quartile, and the number of runs."""

    median: float
    low: float
    high: float
    runs: int


class Clock:
    """Measures calls on one device.

    Calls that are compared are made in turn, so that a drift of clock or load meets all of them. On a GPU, events are
    recorded around each call, and its L2 cache is overwritten before: inputs come from memory, as in a network. On a
    CPU, `perf_counter`; caches stay as the calls before leave them.

    queued: whether a GPU is kept at work until the CPU has queued the whole call, so that what its kernels take is
    measured, and not what launching them takes, which counts for a single call of a network, but not inside of one.
    """

    def __init__(self, device: torch.device, *, queued: bool = False) -> None:
        self.device = device
        self._queued = queued
        self._before = AHEAD if queued else 1
        self._flush = None
        if device.type == "cuda":
            cache = torch.cuda.get_device_properties(device).L2_cache_size
            self._flush = torch.empty(4 * cache, dtype=torch.int8, device=device)

    def compare(self, runs: Mapping[str, Run], *, seconds: float) -> dict[str, Timing]:
        """Return the timing of each call, all of them together within about `seconds`, the warm-up included."""
        deadline = time.perf_counter() + seconds
        for run in runs.values():
            self._once(run)
        times: dict[str, list[float]] = {name: [] for name in runs}
        rounds = 0
        while rounds < LEAST_RUNS or (rounds < MOST_RUNS and time.perf_counter() < deadline):
            for name, run in runs.items():
                times[name].append(self._once(run))
            rounds += 1
        return {name: _timing(values) for name, values in times.items()}

    def measure(self, run: Run, *, seconds: float) -> Timing:
        """Return the timing of one call."""
        return self.compare({"": run}, seconds=seconds)[""]

    def _once(self, run: Run) -> float:
        """Milliseconds of one call."""
        if self._flush is None:
            start = time.perf_counter()
            run()
            return 1000 * (time.perf_counter() - start)
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        for _ in range(self._before):
            self._flush.zero_()
        begin.record()
        run()
        late = self._queued and begin.query() and self._before < MOST_AHEAD  # the GPU was there first
        end.record()
        torch.cuda.synchronize(self.device)
        if late:
            self._before *= 2
            return self._once(run)
        return begin.elapsed_time(end)


def _timing(milliseconds: list[float]) -> Timing:
    low, median, high = statistics.quantiles(milliseconds, n=4, method="inclusive")
    return Timing(median, low, high, len(milliseconds))
