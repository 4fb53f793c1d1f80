"""The environment in which a benchmark runs."""

from __future__ import annotations

import platform

import torch

from priorsr.bench.store.run_facts import Environment
from priorsr.execution.processor import processor


def environment(device: torch.device) -> Environment:
    """Return the environment of a run on `device`, as it is now."""
    return Environment(
        device=device.type,
        cpu=processor(),
        gpu=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        threads=torch.get_num_threads(),
        os=platform.platform(),
        python=platform.python_version(),
        torch=torch.__version__,
    )
