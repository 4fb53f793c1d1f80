"""Calling scores of kind `score`, some of which look at more than SR and HR."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from priorsr.errors import WrongKindError

if TYPE_CHECKING:
    from priorsr.metrics.protocol import Reduction


def judge(
    score: Any,
    sr: Tensor,
    hr: Tensor,
    *,
    lr: Tensor,
    reduction: Reduction,
    ids: Sequence[str],
    shared: dict[Hashable, Tensor] | None = None,
) -> Tensor:
    """What a score of single images answers to a batch, (B,); it is handed what it `needs` by keyword.

    sr, hr: (B,3,H,W) in [0, 1]. lr: (B,3,h,w), what the model was given. reduction: that made it. ids: the faces'.
    shared: what scores of this batch have found and others can use; the same dict for all scores of a batch, and an
    empty one for the next batch.
    Raises WrongKindError where a score needs something else.
    """
    there: dict[str, Any] = {"lr": lr, "reduction": reduction, "ids": ids, "shared": shared}
    needs = tuple(getattr(score, "needs", ()))
    if unknown := set(needs) - there.keys():
        raise WrongKindError(
            f"the score {type(score).__name__} needs {', '.join(sorted(unknown))}; "
            f"a score can be handed {', '.join(there)}"
        )
    return score(sr, hr, **{name: there[name] for name in needs})
