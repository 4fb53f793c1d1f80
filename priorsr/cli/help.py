"""Help pages: made of each command's docstring, prose above the options and examples below them."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

EXAMPLES = "\n\nExamples:\n"


class Command(TyperCommand):
    """A command whose docstring is its help; examples stand at its end, below a line `Examples:`, a line each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _lay_out(self)


class CommandGroup(TyperGroup):
    """A group of commands whose docstring is its help, as a command's is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _lay_out(self)


def _lay_out(command: TyperCommand | TyperGroup) -> None:
    """Join the lines of each paragraph, which Typer breaks where the source does, and move the examples to the end."""
    prose, mark, examples = (command.help or "").partition(EXAMPLES)
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in prose.split("\n\n"))
    if mark:
        command.epilog = escape(f"\nExamples:\n{examples}")  # the first line end keeps the indentation
