"""Call scores, which may be third-party code; check their results, and name the face of a failure."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from priorsr.errors import PriorsrError, WrongKindError

if TYPE_CHECKING:
    from priorsr.data.reduction import Reduction


def call_score(
    score: Any,
    sr: Tensor,
    hr: Tensor,
    *,
    lr: Tensor,
    reduction: Reduction,
    ids: Sequence[str],
    shared: dict[Hashable, Tensor] | None = None,
    name: str | None = None,
) -> Tensor:
    """Return the scores (B,) of a batch by a score of single images; they may be infinite.

    The score gets its `needs` by keyword.

    sr, hr: (B,3,H,W) in [0, 1]. lr: (B,3,h,w), the model's input. reduction: the reduction that made it. ids: the
    faces' ids. shared: results that scores of a batch share; the same dict for all scores of a batch, empty for the
    next batch. name: the score's name; by default, the name of its class.

    Raises WrongKindError for unknown `needs`, and PriorsrError naming score and face if the score raises an error or
    returns anything but a number for each face.
    """
    name = name or type(score).__name__
    there: dict[str, Any] = {"lr": lr, "reduction": reduction, "ids": ids, "shared": shared}
    needs = tuple(getattr(score, "needs", ()))
    if unknown := set(needs) - there.keys():
        raise WrongKindError(
            f"the score {name!r} needs {', '.join(sorted(unknown))}; a score can be handed {', '.join(there)}"
        )

    def call(faces: slice, shared: dict[Hashable, Tensor] | None) -> Any:
        beside = {"lr": lr[faces], "reduction": reduction, "ids": ids[faces], "shared": shared}
        return score(sr[faces], hr[faces], **{need: beside[need] for need in needs})

    try:
        found = call(slice(None), shared)
    except PriorsrError:
        raise
    except Exception as error:  # a score's own code may raise anything
        raise PriorsrError(f"the score {name!r} {_failure(call, ids, error)}") from error
    return _checked(name, found, ids)


class SetScoring:
    """A score of sets, which takes a set batch by batch.

    name: the score's name. Raises PriorsrError naming score and faces if the score raises an error or is NaN.
    """

    def __init__(self, name: str, score: Any) -> None:
        self._name = name
        self._accumulator = self._called(score.start, "at its start")

    def add(self, sr: Tensor, hr: Tensor, ids: Sequence[str]) -> None:
        """Take a batch: (B,3,H,W) in [0, 1] each."""
        self._called(lambda: self._accumulator.add(sr, hr), f"for the faces {ids[0]!r} to {ids[-1]!r}")

    def value(self) -> float:
        """Return the set's score; it may be infinite."""
        value = self._called(lambda: float(self._accumulator.value()), "for its value")
        if math.isnan(value):
            raise PriorsrError(f"the score {self._name!r} is NaN for the set; a number or infinity was expected")
        return value

    def warning(self) -> str | None:
        """Return why the value is unreliable; None if it is reliable."""
        return self._called(self._accumulator.warning, "for its warning")

    def _called(self, function: Callable[[], Any], when: str) -> Any:
        try:
            return function()
        except PriorsrError:
            raise
        except Exception as error:
            raise PriorsrError(f"the score {self._name!r} raises {_told(error)} {when}") from error


def _failure(call: Callable[[slice, Any], Any], ids: Sequence[str], error: Exception) -> str:
    """Return the face that a score fails for, and the failure, found by scoring one face at a time."""
    for place, face in enumerate(ids):
        try:
            call(slice(place, place + 1), {})
        except Exception as alone:
            return f"raises {_told(alone)} for the face {face!r}"
    return f"raises {_told(error)} for the faces {ids[0]!r} to {ids[-1]!r} at once, and for none of them alone"


def _told(error: Exception) -> str:
    message = " ".join(str(error).split())
    return f"{type(error).__name__} ({message:.200})" if message else type(error).__name__


def _checked(name: str, found: Any, ids: Sequence[str]) -> Tensor:
    wanted = f"a tensor of one number a face, ({len(ids)},), was expected"
    which = f"for the faces {ids[0]!r} to {ids[-1]!r}"
    if not isinstance(found, Tensor):
        raise PriorsrError(f"the score {name!r} returns {found!r:.80} {which}; {wanted}")
    if tuple(found.shape) != (len(ids),) or found.is_complex():
        returned = f"{str(found.dtype).removeprefix('torch.')} of shape {tuple(found.shape)}"
        raise PriorsrError(f"the score {name!r} returns {returned} {which}; {wanted}")
    if found.isnan().any():
        face = ids[int(found.isnan().nonzero()[0, 0])]
        raise PriorsrError(f"the score {name!r} is NaN for the face {face!r}; a number or infinity was expected")
    return found.detach()
