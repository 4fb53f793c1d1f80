"""The gate of a residual channel attention block in plain torch, which defines the operation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.kernels.dtypes import check_floating, without_autocast
from priorsr.shapes import check_map, check_same


def channel_gate(
    x: Tensor, residual: Tensor | None, squeeze: tuple[Tensor, Tensor], excite: tuple[Tensor, Tensor]
) -> Tensor:
    """Compute `priorsr.kernels.channel_gate` of checked arguments; differentiable any number of times."""
    wide = torch.promote_types(x.dtype, torch.float32)
    w1, b1, w2, b2 = (tensor.to(wide) for tensor in (*squeeze, *excite))
    with without_autocast(x.device):
        mean = x.sum((2, 3), dtype=wide) / (x.shape[2] * x.shape[3])  # the gradient of mean() is a wide map
        hidden = F.linear(mean, w1, b1).relu()
        gate = F.linear(hidden, w2, b2).sigmoid().to(x.dtype)[:, :, None, None]  # (B,C,1,1)
        return x * gate if residual is None else torch.addcmul(residual, x, gate).to(x.dtype)


def check(x: Tensor, residual: Tensor | None, squeeze: tuple[Tensor, Tensor], excite: tuple[Tensor, Tensor]) -> None:
    """Raise ShapeError or OptionError unless the shapes fit each other and the tensors are floating point."""
    check_map(x, None, "channel gate")
    channels, hidden = x.shape[1], squeeze[0].shape[0]
    shapes = [tuple(tensor.shape) for tensor in (*squeeze, *excite)]
    if shapes != [(hidden, channels), (hidden,), (channels, hidden), (channels,)]:
        raise ShapeError(
            f"channel gate: weights and biases have shapes {shapes}; (R, {channels}), (R,), ({channels}, R) and "
            f"({channels},) were expected"
        )
    if residual is not None:
        check_same(x, residual, "channel gate", "x and residual")
    check_floating("channel gate", x, residual, *squeeze, *excite)
