"""Find the failures of a component that have one cause, so that it is reported once."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Container
from pathlib import Path

from priorsr.testing.component_results import Check

_FIRST = ("result_type", "shapes")  # what a component returns at all, on which later checks rest
_OF_WORDS = ("local_options_are_declared", "docstring_headings", "options_are_documented")  # which call nothing


def cause_of(error: BaseException, check: Check, component: type, known: Container[object]) -> object:
    """Return a key that is equal for failures with the same cause.

    The key is the check of the result's type or shapes, if that failed before; otherwise the line of the component's
    own file that raised; otherwise the message. known: the keys of earlier failures.
    """
    root = _root_of(error)
    if check.__name__ not in _OF_WORDS:
        for first in _FIRST:
            if first in known:
                return first
        if "finite_results" in known and " nan " in str(root):
            return "finite_results"
    own = _own_frame(root, component)
    if own is not None:
        return type(root), own.filename, own.lineno
    if isinstance(root, AssertionError):
        return check.__name__  # what the check itself found
    return type(root), str(root)


def place_of(error: BaseException, component: type) -> str | None:
    """Return the file and line of the component's own code that raised an error; None if none of its lines did."""
    own = _own_frame(_root_of(error), component)
    return None if own is None else f"{Path(own.filename).name}, line {own.lineno}"


def _root_of(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _own_frame(error: BaseException, component: type) -> traceback.FrameSummary | None:
    file = _file_of(component)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return own[-1] if own else None


def _file_of(component: type) -> str | None:
    try:
        return inspect.getsourcefile(component)
    except (OSError, TypeError):  # it was made at a prompt
        return None
