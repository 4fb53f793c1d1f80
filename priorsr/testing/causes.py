"""Find the failures of a component that have one cause, so that it is reported once."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Container

from priorsr.testing.component_results import Check

_FIRST = ("result_type", "shapes")  # what a component returns at all, on which later checks rest
_OF_WORDS = ("local_options_are_declared", "docstring_headings", "options_are_documented")  # which call nothing


def cause_of(error: BaseException, check: Check, component: type, known: Container[object]) -> object:
    """Return a key that is equal for failures with the same cause.

    The key is the check of the result's type or shapes, if that failed before; otherwise the line of the component's
    own file that raised; otherwise the message. known: the keys of earlier failures.
    """
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    if check.__name__ not in _OF_WORDS:
        for first in _FIRST:
            if first in known:
                return first
        if "finite_results" in known and " nan " in str(root):
            return "finite_results"
    own = [frame for frame in traceback.extract_tb(root.__traceback__) if frame.filename == _file_of(component)]
    if own:
        return type(root), own[-1].filename, own[-1].lineno
    if isinstance(root, AssertionError):
        return check.__name__  # what the check itself found
    return type(root), str(root)


def _file_of(component: type) -> str | None:
    try:
        return inspect.getsourcefile(component)
    except (OSError, TypeError):  # it was made at a prompt
        return None
