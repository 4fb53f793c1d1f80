"""The number of threads follows affinity, quota, load and OMP_NUM_THREADS."""

from __future__ import annotations

import os
from types import SimpleNamespace

import loky
import psutil
import pytest
import torch

from priorsr.execution.threads import choose_threads, free_cores, torch_threads


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Return a function that gives this process cores with idle shares, and a number of allowed ones."""

    def given(idle: list[float], allowed: int, mine: set[int] | None = None, low_priority: float = 0.0) -> None:
        shares = [SimpleNamespace(idle=share, nice=low_priority, user=100 - share - low_priority) for share in idle]
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        monkeypatch.setattr(loky, "cpu_count", lambda: allowed)
        monkeypatch.setattr(psutil, "cpu_times_percent", lambda *_, **__: shares)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: mine or set(range(len(idle))), raising=False)
        monkeypatch.setattr(torch, "get_num_threads", lambda: len(idle))

    return given


@pytest.mark.parametrize(
    ("idle", "allowed", "threads"),
    [
        ([100, 100], 2, 2),
        ([99, 3], 2, 1),
        ([50, 50], 2, 1),  # a process that wanders between two cores
        ([85, 90], 2, 2),
        ([0, 0], 2, 1),
        ([100] * 8, 4, 4),  # the quota of a container
        ([100, 100, 0, 0, 0, 0, 0, 0], 8, 2),
        ([100, 100, 100, 80, 20, 20, 20, 20], 8, 4),
    ],
)
def test_threads_are_the_free_cores(machine, idle: list[float], allowed: int, threads: int) -> None:
    machine(idle, allowed)
    assert choose_threads().threads == threads


def test_cores_that_the_process_may_not_use_do_not_count(machine) -> None:
    machine([0, 0, 100, 100], 2, mine={2, 3})
    assert choose_threads().threads == 2
    machine([100, 100, 0, 0], 2, mine={2, 3})
    assert choose_threads().threads == 1


def test_processes_of_lower_priority_count_as_absent(machine) -> None:
    machine([0, 0], 2, low_priority=100)
    assert choose_threads().threads == 2


def test_torch_own_number_is_the_most(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine([100] * 4, 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert choose_threads().threads == 3


def test_the_variable_decides_where_it_is_set(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine([0, 0, 0], 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert str(choose_threads()) == "3 threads: OMP_NUM_THREADS is set"


def test_the_reason_names_the_free_cores(machine) -> None:
    machine([97, 3], 2)
    assert str(choose_threads()) == "1 thread: of 2 allowed cores, other processes leave 1.0 free"


def test_real_cores_are_counted() -> None:
    assert 0 <= free_cores() <= (os.cpu_count() or 1)


def test_the_number_is_set_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyError), torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
