"""Kernels are compiled without a GPU, in a process of their own that does not interpret.

For sm_90 alone, since compiling takes most of a minute; `make spills` compiles for all generations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from priorsr.kernels.dispatch import operations

PROGRAM = Path(__file__).with_name("kernel_resources.py")
TABLE = json.loads(PROGRAM.with_suffix(".json").read_text())

SHARED = 99 * 1024  # bytes that a program gets on the smallest GPU of compute capability 8.0 or more
CAPABILITY = None if os.environ.get("PRIORSR_ALL_CAPABILITIES") else "90"
Rows = dict[str, dict[str, dict[str, int]]]


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, PROGRAM, *(["--capability", CAPABILITY] if CAPABILITY else [])]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def faults(found: Rows, table: Rows) -> list[str]:
    """Return a sentence for each kernel that spills or differs from the table."""
    rows = [(f"{op}: {name}", row, table.get(op, {}).get(name)) for op in found for name, row in found[op].items()]
    spills = [f"{name} spills {row['spilled']} bytes" for name, row, _ in rows if row["spilled"]]
    crowded = [
        f"{name} takes {row['shared']} bytes of shared memory" for name, row, _ in rows if row["shared"] > SHARED
    ]
    changed = [f"{name} takes {row}, and the table says {kept}" for name, row, kept in rows if row != kept]
    lost = [f"{op}: {name} is gone" for op in table for name in table[op] if name not in found.get(op, {})]
    return spills + crowded + changed + lost


def of_capability(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: row for name, row in rows.items() if CAPABILITY is None or f" sm_{CAPABILITY} " in name}


def test_kernels_take_what_the_table_says(compiled: dict[str, Any]) -> None:
    table = {op: of_capability(rows) for op, rows in TABLE["kernels"].items()}
    if compiled["triton"] != TABLE["triton"]:  # another compiler takes other registers, but must spill none either
        table = compiled["kernels"]
    assert set(compiled["kernels"]) == set(operations())
    assert all(compiled["kernels"].values())
    assert faults(compiled["kernels"], table) == []


def test_every_op_is_in_the_table_for_every_generation() -> None:
    assert set(TABLE["kernels"]) == set(operations())
    for rows in TABLE["kernels"].values():
        names = {name.split()[0] for name in rows}
        for name in names:
            assert {row.split()[1] for row in rows if row.split()[0] == name} == {"sm_80", "sm_90", "sm_100"}


def test_a_fault_is_seen() -> None:
    row = {"warps": 4, "registers": 32, "shared": 0, "spilled": 0}
    table = {"op": {"kernel sm_90 0": row}}
    assert faults(table, table) == []
    assert faults({"op": {"kernel sm_90 0": row | {"registers": 33}}}, table) != []
    assert faults({"op": {}}, table) == ["op: kernel sm_90 0 is gone"]
    spilling = {"op": {"kernel sm_90 0": row | {"spilled": 8}}}
    assert faults(spilling, spilling) == ["op: kernel sm_90 0 spills 8 bytes"]
    crowded = {"op": {"kernel sm_90 0": row | {"shared": 101_377}}}
    assert faults(crowded, crowded) == ["op: kernel sm_90 0 takes 101377 bytes of shared memory"]
