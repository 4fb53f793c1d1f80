"""Convert records of format 1 to the fields of today and back.

Format 1 lists no components, allows only models that were run here, and calls `extra_scores` judges.
"""

from __future__ import annotations

from typing import Any

_NEW = {"origin": "run", "components": "unknown", "links": {}}


def upgraded(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a record of format 1 with the fields of today; raises ValueError if it has one of these."""
    for name in (*_NEW, "extra_scores"):
        if name in content:
            raise ValueError(f"{name} is there, and the format is 1, which does not have it")
    if "judges" not in content:
        raise ValueError("judges is missing; a field of format 1 was expected")
    rest = {name: value for name, value in content.items() if name != "judges"}
    return {**rest, **_NEW, "extra_scores": content["judges"]}


def as_it_was(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a record of format 1 as in its file."""
    names = {"extra_scores": "judges"}
    return {names.get(name, name): value for name, value in content.items() if name not in _NEW}
