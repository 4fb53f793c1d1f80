"""Reuse of freed memory within the process."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
_CHOICES = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_")
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Make glibc's malloc keep freed memory for later allocations of the process; return whether it does.

    By default malloc returns large blocks to the system, and a network, which frees and allocates the same sizes at
    every call, waits for every page to be mapped and cleared again. The process keeps its peak of memory. Does nothing
    without glibc, or if the environment sets one of malloc's thresholds.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _CHOICES):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_THRESHOLD, 2**30), (_TRIM_THRESHOLD, _LARGEST), (_TOP_PAD, 2**28))
    return all(mallopt(name, value) == 1 for name, value in settings)
