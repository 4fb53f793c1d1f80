"""The packages that priorsr's extras install."""

from __future__ import annotations

import re
from importlib import metadata

from priorsr.plugins import OWN

_OF_AN_EXTRA = re.compile(r"(?P<package>[\w.-]+)[^;]*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


def extras() -> dict[str, list[str]]:
    """Return the packages of each extra but `all`, as this installation's metadata has them."""
    found: dict[str, list[str]] = {}
    for requirement in metadata.requires(OWN) or ():
        match = _OF_AN_EXTRA.match(requirement)
        if match and match["extra"] != "all":
            found.setdefault(match["extra"], []).append(match["package"])
    return found


def extra_with(module: str) -> str | None:
    """Return the first extra whose packages contain a module, by its dotted name; None if none does."""
    package = module.partition(".")[0].replace("_", "-").lower()
    return next((extra for extra, packages in extras().items() if package in map(str.lower, packages)), None)
