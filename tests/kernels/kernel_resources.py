"""Compile the kernels without a GPU, and print the registers, shared memory and spills of each as JSON.

    python tests/kernels/kernel_resources.py [OP ...]           for sm_80, sm_90 and sm_100
    python tests/kernels/kernel_resources.py --capability 90    for one generation of GPUs
    python tests/kernels/kernel_resources.py --write [OP ...]   write kernel_resources.json too

Triton must not be interpreting in this process, so that the tests start it as one of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CAPABILITIES = (80, 90, 100)
TABLE = Path(__file__).with_name("kernel_resources.json")


class Driver:
    """Stand in for a GPU's driver while kernels are compiled."""

    def __init__(self, capability: int) -> None:
        from triton.backends.compiler import GPUTarget

        self.target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> Any:
        return self.target

    def get_current_device(self) -> int:
        return self.target.arch

    def get_current_stream(self, _: int) -> int:
        return 0


@contextmanager
def compiling(capability: int) -> Iterator[list[tuple[str, Any]]]:
    """Compile each launched kernel for a compute capability and append it to the list, in place of a launch."""
    from triton.runtime import driver
    from triton.runtime.jit import JITFunction

    compiled: list[tuple[str, Any]] = []
    launch = JITFunction.run

    def compile_only(kernel: Any, *args: Any, grid: Any, warmup: bool, **options: Any) -> None:
        compiled.append((kernel.__name__, launch(kernel, *args, grid=grid, warmup=True, **options)))

    driver.set_active(Driver(capability))
    JITFunction.run = compile_only
    try:
        yield compiled
    finally:
        JITFunction.run = launch


def resources(kernel: Any, folder: Path) -> dict[str, int]:
    """Return a compiled kernel's warps, registers a thread, bytes of shared memory, and bytes spilled a thread."""
    import triton.backends.nvidia

    path = folder / "kernel.cubin"
    path.write_bytes(kernel.asm["cubin"])
    tool = Path(triton.backends.nvidia.__file__).parent / "bin" / "cuobjdump"
    usage = subprocess.run([tool, "-res-usage", path], check=True, capture_output=True, text=True).stdout
    found = {name: int(value) for name, value in re.findall(r"\b(REG|STACK|LOCAL):(\d+)", usage)}
    return {
        "warps": kernel.metadata.num_warps,
        "registers": found["REG"],
        "shared": kernel.metadata.shared,
        "spilled": found["STACK"] + found["LOCAL"],
    }


def examine(op: str, capabilities: tuple[int, ...]) -> dict[str, dict[str, int]]:
    """Return the resources of an operation's kernels, by name, capability and a number for each distinct form."""
    sys.path.insert(0, str(Path(__file__).parent))
    from kernel_launches import LAUNCHES

    rows: dict[str, dict[str, int]] = {}
    with TemporaryDirectory() as folder:
        for capability in capabilities:
            with compiling(capability) as compiled:
                LAUNCHES[op]()
            forms: dict[str, list[Any]] = {}
            for name, kernel in compiled:
                kernels = forms.setdefault(name, [])
                if all(kernel is not other for other in kernels):
                    kernels.append(kernel)
            for name, kernels in forms.items():
                for number, kernel in enumerate(kernels):
                    rows[f"{name} sm_{capability} {number}"] = resources(kernel, Path(folder))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ops", nargs="*", metavar="OP")
    parser.add_argument("--capability", type=int, choices=CAPABILITIES)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.write and given.capability:
        parser.error("--write takes all capabilities")
    if os.environ.get("TRITON_INTERPRET"):
        sys.exit("TRITON_INTERPRET is set, with which nothing is compiled")
    os.environ["TRITON_DEFAULT_FP_FUSION"] = "1"
    import triton

    sys.path.insert(0, str(Path(__file__).parent))
    from kernel_launches import LAUNCHES

    capabilities = (given.capability,) if given.capability else CAPABILITIES
    found = {op: examine(op, capabilities) for op in given.ops or LAUNCHES}
    sys.stdout.write(json.dumps({"triton": triton.__version__, "kernels": found}) + "\n")
    if given.write:
        kept = json.loads(TABLE.read_text())["kernels"] if TABLE.is_file() else {}
        table = {"triton": triton.__version__, "kernels": dict(sorted((kept | found).items()))}
        TABLE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
