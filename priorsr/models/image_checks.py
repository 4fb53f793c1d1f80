"""Check the inputs and outputs of models."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from priorsr.containers import Batch, SROutput
from priorsr.errors import PriorsrError, ShapeError
from priorsr.shapes import check_map


def check_lr(lr: Tensor, size_multiple: int, who: str) -> None:
    """Raise ShapeError unless `lr` is (B,3,h,w) with sides that are multiples of `size_multiple`."""
    check_map(lr, 3, who, "LR image")
    if lr.shape[2] % size_multiple or lr.shape[3] % size_multiple or 0 in lr.shape[2:]:
        size = f"{lr.shape[2]} x {lr.shape[3]}"
        raise ShapeError(f"{who}: the LR image is {size}; sides that are multiples of {size_multiple} were expected")


def checked_sr(output: Any, batch: Batch, who: str) -> Tensor:
    """Return the SR images (B,3,H,W) in the output of the model `who` for a batch.

    Raises PriorsrError unless they can be compared with HR; for NaN or infinity it names the face.
    """
    who = f"the model {who}"
    if not isinstance(output, SROutput):
        raise PriorsrError(f"{who} returns a {type(output).__name__}; an SROutput was expected")
    if output.sr.shape != batch.hr.shape:
        raise PriorsrError(
            f"{who} makes {tuple(output.sr.shape)} of LR images {tuple(batch.lr.shape)}; {tuple(batch.hr.shape)}, the "
            "shape of HR, was expected"
        )
    bad = ~output.sr.isfinite().flatten(1).all(dim=1)
    if bad.any():
        raise PriorsrError(f"{who} makes NaN or infinity of the face {batch.ids[int(bad.nonzero()[0, 0])]!r}")
    return output.sr
