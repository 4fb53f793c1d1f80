"""A model in a user's Python file: FILE.py:NAME."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from torch import nn

from priorsr.errors import DataError, did_you_mean, raised
from priorsr.models.foreign.wrapping import wrap
from priorsr.reading.content import check_file
from priorsr.scripts import run_file

MOST_BYTES = 2**24


def is_python_spec(spec: str | Path) -> bool:
    """Return whether a text has the form FILE.py:NAME."""
    path, colon, _ = str(spec).rpartition(":")
    return bool(colon) and path.endswith(".py")


def model_of_python_file(spec: str) -> nn.Module:
    """Execute a Python file, and return the model NAME of FILE.py:NAME, in eval mode.

    NAME is a module, a function lr -> sr, or a class that is built without arguments; its attribute `scale`, or 8, is
    the model's scale. Raises DataError naming the file for a missing file or name, and for errors that the file's code
    raises.
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
    except (Exception, SystemExit) as error:  # the file's own code may raise anything
        raise DataError(f"{path}: {name}() raises {raised(error)}") from error
    return wrap(built, scale=getattr(built, "scale", 8), name=name).eval()


def _executed(path: Path) -> ModuleType:
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        return run_file(path, f"priorsr_file_{path.stem}")
    except (Exception, SystemExit) as error:  # the file's own code may raise anything
        raise DataError(f"{path}: raises {raised(error)}") from error
    finally:
        sys.path.remove(folder)
