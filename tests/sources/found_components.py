"""One component among those that were found."""

from __future__ import annotations

from priorsr.sources import Component


def the(kind: str, components: tuple[Component, ...]) -> Component:
    (found,) = [component for component in components if component.kind == kind]
    return found
