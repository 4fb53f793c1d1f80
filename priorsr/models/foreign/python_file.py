"""A model in a Python file of the user's: FILE.py:NAME."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from torch import nn

from priorsr.errors import DataError, did_you_mean
from priorsr.models.foreign.wrapping import wrap
from priorsr.reading.content import check_file

MOST_BYTES = 2**24


def is_python_spec(spec: str | Path) -> bool:
    """Return whether a text has the form FILE.py:NAME."""
    path, colon, _ = str(spec).rpartition(":")
    return bool(colon) and path.endswith(".py")


def model_of_python_file(spec: str) -> nn.Module:
    """Execute a Python file, and return the model NAME of FILE.py:NAME, in eval mode.

    NAME is a module, a function lr -> sr, or a class that is built without arguments; its attribute `scale` is the
    model's, 8 without one. Raises DataError naming the file for a missing file or name, and for what it raises itself.
    """
    file, _, name = spec.rpartition(":")
    path = Path(file)
    check_file(path, "a Python file, FILE.py:NAME", MOST_BYTES)
    module = _executed(path)
    if not hasattr(module, name):
        known = did_you_mean(name, [each for each in vars(module) if not each.startswith("_")])
        raise DataError(f"{path}: defines no {name!r}; {known}")
    found = getattr(module, name)
    try:
        built = found() if isinstance(found, type) else found
    except Exception as error:  # the file's own code may raise anything
        raise DataError(f"{path}: {name}() raises {type(error).__name__}: {error}") from error
    return wrap(built, scale=getattr(built, "scale", 8), name=name).eval()


def _executed(path: Path) -> Any:
    name = f"priorsr_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "its name ends in .py"
    assert spec.loader is not None, "a file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # for dataclasses, and for the source of its functions to be found
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the file's own code may raise anything
        raise DataError(f"{path}: raises {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module
