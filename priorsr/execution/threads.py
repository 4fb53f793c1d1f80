"""Choose how many threads a long computation uses, by what the machine gives this process and what others leave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

MOST_THREADS = 1024
SAMPLE_SECONDS = 0.3
FULL = 0.7  # a core that is free for this share of the time counts as free


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads, and the reason for it."""

    threads: int
    reason: str

    def __str__(self) -> str:
        return f"{self.threads} {'thread' if self.threads == 1 else 'threads'}: {self.reason}"


def choose_threads() -> ThreadChoice:
    """Return OMP_NUM_THREADS where it is set, else as many threads as there are free cores, and at least one.

    Allowed are the cores of the process's affinity and its cgroup's quota, and never more than torch's own number. Free
    are those that other processes leave, as sampled for 0.3 s; processes of lower priority (nice) leave theirs. Threads
    that share a core with another process wait for each other at every layer, and are slower than fewer threads.
    """
    import loky

    if os.environ.get("OMP_NUM_THREADS"):
        return ThreadChoice(torch.get_num_threads(), "OMP_NUM_THREADS is set")
    allowed = min(loky.cpu_count(), torch.get_num_threads())
    free = free_cores()
    if free + 1 - FULL >= allowed:
        return ThreadChoice(allowed, f"{allowed} of {os.cpu_count()} cores are allowed, and free")
    threads = max(1, int(free + 1 - FULL))
    return ThreadChoice(threads, f"of {allowed} allowed cores, other processes leave {max(free, 0):.1f} free")


def free_cores() -> float:
    """Return how many of the process's cores are idle, or busy with processes of lower priority, on average."""
    import psutil

    shares = psutil.cpu_times_percent(SAMPLE_SECONDS, percpu=True)
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(shares))
    free = ("idle", "iowait", "nice")  # not all systems have all
    return sum(getattr(shares[core], name, 0.0) for core in mine if core < len(shares) for name in free) / 100


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Set torch's number of threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
