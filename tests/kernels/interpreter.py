"""Whether Triton's interpreter runs kernels here, and else which package to change.

python tests/kernels/interpreter.py    print that package as pip is asked for it; nothing where kernels run
"""

from __future__ import annotations

import sys
from importlib import metadata

from packaging.version import Version


def remedy() -> str | None:
    """Return the requirement to install, so that kernels can be interpreted; None where they can."""
    try:
        triton, numpy = (Version(metadata.version(name)) for name in ("triton", "numpy"))
    except metadata.PackageNotFoundError:
        return "triton"
    if triton < Version("3.9") and numpy >= Version("2.4"):  # its numbers are read in a way that NumPy 2.4 took away
        return "numpy<2.4"
    return None


def trouble() -> str | None:
    """Return why no kernel can be interpreted, and what to install, as one sentence; None where they can."""
    wanted = remedy()
    if wanted is None:
        return None
    if wanted == "triton":
        cause = "Triton is not installed"
    else:
        triton, numpy = (metadata.version(name) for name in ("triton", "numpy"))
        cause = f"the interpreter of Triton {triton} does not run with NumPy {numpy}"
    return f"no kernel can be tested: {cause}; install {wanted}"


if __name__ == "__main__":
    sys.stdout.write(remedy() or "")
