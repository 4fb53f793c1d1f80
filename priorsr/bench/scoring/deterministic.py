"""Compute deterministically: the same numbers at each run, and on another machine to the last few bits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Compute in whole float32 (no TF32 or bfloat16 in its place), by deterministic algorithms, without autocast from
    outside.

    torch warns of operations without a deterministic form. Afterwards all settings are restored.
    """
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filling: Any = torch.utils.deterministic  # which torch makes a module with a setting
    fill, cudnn = filling.fill_uninitialized_memory, torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else matrix products differ from run to run
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        filling.fill_uninitialized_memory = False  # it takes time, which a record tells
        cudnn.deterministic, cudnn.benchmark = True, False
        with _whole_float32(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
        filling.fill_uninitialized_memory = fill
        cudnn.deterministic, cudnn.benchmark = flags


@contextmanager
def _whole_float32() -> Iterator[None]:
    """Compute float32 in no shorter format. torch has an older and a newer setting, and both must agree."""
    cuda: Any = torch.backends.cuda
    cudnn: Any = torch.backends.cudnn
    mkldnn: Any = torch.backends.mkldnn
    settings = [cuda.matmul, mkldnn.matmul, cudnn.conv, mkldnn.conv, cudnn.rnn, mkldnn.rnn]
    newer = [setting.fp32_precision for setting in settings]
    older = None
    with suppress(RuntimeError):  # the user has the newer only, which the older does not know how to tell
        older = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
    for setting in settings:
        setting.fp32_precision = "ieee"
    try:
        yield
    finally:
        if older is not None:
            torch.set_float32_matmul_precision(older)
        for setting, precision in zip(settings, newer, strict=True):
            setting.fp32_precision = precision
