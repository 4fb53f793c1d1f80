"""Fixtures of the suites, and the ratios that they end with."""

from __future__ import annotations

import time

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.measure.timing import Run

ROUNDS, MOST_ROUNDS, SECONDS = 5, 100, 0.5  # at least, at most, and as many as take so long


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Return the GPU, or else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Bench:
    """Hands calls to pytest-benchmark: warm, and waiting for the GPU."""

    def __init__(self, benchmark: BenchmarkFixture) -> None:
        self.benchmark = benchmark

    def __call__(self, run: Run, *, group: str, variant: str) -> None:
        """Time a call as one variant of a group; the first variant of a group is what the others are compared with."""

        def waited() -> None:
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()

        self.benchmark.group = group
        self.benchmark.extra_info["variant"] = variant
        waited()  # compiles what is compiled
        began = time.perf_counter()
        waited()
        rounds = int(SECONDS / (time.perf_counter() - began))
        self.benchmark.pedantic(waited, rounds=min(max(rounds, ROUNDS), MOST_ROUNDS))


@pytest.fixture
def bench(benchmark: BenchmarkFixture) -> Bench:
    """Times one variant of a group."""
    return Bench(benchmark)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print each group's medians, as ratios to its first variant."""
    session = getattr(config, "_benchmarksession", None)
    groups: dict[str, list[tuple[str, float]]] = {}
    for timed in session.benchmarks if session else ():
        if timed.group and not timed.has_error:
            groups.setdefault(timed.group, []).append((timed.extra_info["variant"], timed.stats.median))
    if groups:
        terminalreporter.section("times as fast")
    for group, ((baseline, reference), *others) in groups.items():
        ratios = ", ".join(f"{variant} {reference / median:.2f} x" for variant, median in others)
        terminalreporter.line(f"{group}: {baseline} {1000 * reference:.3g} ms{'; ' + ratios if ratios else ''}")
