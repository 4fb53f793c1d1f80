"""Output to a terminal, in which no text moves the cursor, hides, or is read as markup, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from priorsr.text import printable


class Terminal(Console):
    """A Rich console that reads no markup in strings, and shows only printable text, in tables and bars too."""

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        super().__init__(stderr=stderr, quiet=quiet, markup=False, emoji=False)

    def render_str(self, text: str, **how: Any) -> Text:
        """Turn a string into printable text, before it is laid out."""
        return super().render_str(printable(text, keep="\n\t"), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything as printable text; only Rich's own control segments stay as they are."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else printable(segment.text, keep="\n")
            yield segment if text == segment.text else Segment(text, segment.style)

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, which the command line ends with, rather than SystemExit as Rich does."""
        raise BrokenPipeError


def styled(*parts: str | tuple[str, str]) -> Text:
    """Join pieces of text, each as it is or with a Rich style; invisible characters are spelt out."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((printable(text, keep="\n"), style) for text, style in pairs))
