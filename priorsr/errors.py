"""Errors that a user can mend.

Each is one sentence that names the thing, the value and what was expected. The command line prints it and exits with 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from priorsr.text import one_line


class PriorsrError(Exception):
    """A mistake that the user can mend, in one sentence: one printable line, whoever wrote what it quotes."""

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class PriorsrWarning(UserWarning):
    """What a user should know of, told in one sentence, though all goes on."""


class UnknownNameError(PriorsrError):
    """A component, preset or option of that name does not exist."""


class NameCollisionError(PriorsrError):
    """Several distributions offer the same name."""


class BrokenPluginError(PriorsrError):
    """A plugin's component exists, but its module fails to import; the cause is chained."""


class WrongKindError(PriorsrError):
    """A component is not of the kind that it is registered or used as."""


class OptionError(PriorsrError):
    """An option does not exist, or its value does not fit."""


class ShapeError(PriorsrError, ValueError):
    """A tensor's shape does not fit."""


class BackendError(PriorsrError, RuntimeError):
    """A kernel cannot run where or as it was asked to."""


class DataError(PriorsrError):
    """A file or folder of the user's is missing, broken, or not what was expected."""


class MissingExtraError(PriorsrError):
    """A command needs a package of an extra that is not installed."""


class MissingWeightsError(PriorsrError):
    """Pretrained weights are not on disk; the message says which file goes where."""


@contextmanager
def mistakes_in(where: str) -> Iterator[None]:
    """Put where it was made, such as a file or a stage, before the sentence of a mistake that is raised inside.

    A sentence that begins with it already passes as it is.
    """
    try:
        yield
    except PriorsrError as error:
        if str(error).startswith(one_line(f"{where}: ")):
            raise
        raise type(error)(f"{where}: {error}") from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that helps someone who asked for `name`: the closest known names, or all of them."""
    known = sorted(known)
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    return f"there are: {', '.join(known)}" if known else "there are none"
