"""Options that take several values at once, and one that stands anywhere."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import takewhile
from typing import Any

from typer import BadParameter
from typer.core import TyperArgument

from priorsr.cli.help import Command


class SeveralValues(Command):
    """A command whose repeatable options take several values: `--set A=1 B=2` is `--set A=1 --set B=2`.

    In a command that has arguments beside its options, this holds where all of them stand before the first option;
    elsewhere only a word with `=` in it is one more value.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeatable = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        wanted = sum(isinstance(parameter, TyperArgument) for parameter in self.params)
        first = sum(1 for _ in takewhile(lambda word: not word.startswith("-"), args))
        return super().parse_args(ctx, list(spread(args, repeatable, "" if first >= wanted else "=")))


def spread(words: Sequence[str], repeatable: Container[str], mark: str) -> Iterator[str]:
    """Yield the words, with a repeatable option repeated before each further value of it that contains `mark`."""
    option, values = "", 0
    for word in words:
        if word.startswith("-"):
            option, assigned, _ = word.partition("=")
            values = len(assigned)
        else:
            if values and option in repeatable and mark in word:
                yield option
            values += 1
        yield word


def plugins_first(words: Sequence[str]) -> list[str]:
    """Return the words with every `--plugins FILE` before the command, whose global option it is."""
    before, after = [], []
    left = iter(words)
    for word in left:
        if word == "--":
            after += [word, *left]
        elif word == "--plugins":
            file = next(left, None)
            if file is None:
                raise BadParameter("option '--plugins' requires an argument, FILE.py")
            before += [word, file]
        elif word.startswith("--plugins="):
            before.append(word)
        else:
            after.append(word)
    return before + after
