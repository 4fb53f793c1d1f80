"""Errors that a user can fix.

Each is one sentence that names the thing, the value and what was expected. The command line prints it and exits with 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from priorsr.text import one_line


class PriorsrError(Exception):
    """A mistake that the user can fix, in one sentence on one printable line."""

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


class PriorsrWarning(UserWarning):
    """A warning in one sentence; the program continues."""


class UnknownNameError(PriorsrError):
    """A name that no component, preset or option has."""


class NameCollisionError(PriorsrError):
    """A name that several distributions offer."""


class BrokenPluginError(PriorsrError):
    """A plugin's component that cannot be imported; the cause is chained."""


class WrongKindError(PriorsrError):
    """A component that is not of the kind that it is registered or used as."""


class OptionError(PriorsrError):
    """An option that does not exist, or whose value is not allowed."""


class ShapeError(PriorsrError, ValueError):
    """A tensor of a wrong shape."""


class BackendError(PriorsrError, RuntimeError):
    """A kernel that cannot run on the device, or in the way, that was asked for."""


class DataError(PriorsrError):
    """A file or folder of the user's that is missing, broken, or of another kind than expected."""


class MissingExtraError(PriorsrError):
    """A package of an extra that is needed and not installed."""


class MissingWeightsError(PriorsrError):
    """Pretrained weights that are not on disk; the message names the file and its folder."""


@contextmanager
def mistakes_in(where: str) -> Iterator[None]:
    """Prefix the place, such as a file or a stage, to the message of a mistake that is raised inside the block.

    A message that begins with the place already stays unchanged.
    """
    try:
        yield
    except PriorsrError as error:
        if str(error).startswith(one_line(f"{where}: ")):
            raise
        raise type(error)(f"{where}: {error}") from error


def raised(error: BaseException) -> str:
    """Return the type and the text of an error that somebody else's code raised, whose text may be an error itself."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # of its __str__
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the closest known names, or all of them."""
    known = sorted(known)
    close = get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    return f"there are: {', '.join(known)}" if known else "there are none"
