"""The commands of the command line, for tests of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import typer


def commands(group: typer.Typer, name: str = "") -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield each command of a group and of the groups within, as its whole name and its function."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{name} {command.name or command.callback.__name__}".strip(), command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, f"{name} {inner.name}".strip())
