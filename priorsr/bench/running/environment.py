"""The environment in which a benchmark runs."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path

import torch

from priorsr.bench.store.run_facts import Environment


def environment(device: torch.device) -> Environment:
    """Return the environment of a run on `device`, as it is now."""
    return Environment(
        device=device.type,
        cpu=_cpu(),
        gpu=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        threads=torch.get_num_threads(),
        os=platform.platform(),
        python=platform.python_version(),
        torch=torch.__version__,
    )


@lru_cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
