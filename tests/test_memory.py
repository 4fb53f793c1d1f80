"""Freed memory stays with the process, if the environment does not say otherwise."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from priorsr.memory import keep_freed_memory
import torch

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20

done = keep_freed_memory() if {asked} else False
before = megabytes()
for _ in range(2):
    tensor = torch.ones(50 * 2**20 // 4)
    del tensor
print(done, megabytes() - before > 40)
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


@glibc
@pytest.mark.parametrize(
    ("asked", "environment", "told"),
    [
        (True, {}, "True True"),
        (False, {}, "False False"),
        (True, {"MALLOC_TOP_PAD_": "131072"}, "False False"),
    ],
)
def test_freed_memory_is_kept(asked: bool, environment: dict[str, str], told: str) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", PROGRAM.format(asked=asked)]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told
