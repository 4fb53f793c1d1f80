"""The definition of the gate of a residual channel attention block, in ordinary torch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.shapes import check_map, check_same


def channel_gate(
    x: Tensor,
    residual: Tensor | None,
    squeeze: tuple[Tensor, Tensor],
    excite: tuple[Tensor, Tensor],
) -> Tensor:
    """Squeeze, excite, scale and residual: x * sigmoid(W2 relu(W1 mean(x) + b1) + b2) (+ residual).

    x, residual: (B,C,H,W), the mean over H and W; residual None adds nothing.
    squeeze: W1 (R,C) and b1 (R,). excite: W2 (C,R) and b2 (C,).

    Returns (B,C,H,W). Differentiable with respect to every tensor. Raises ShapeError.

    Source: RCAN (ECCV 2018) sections 3.3 and 3.4.
    """
    check_map(x, None, "channel gate")
    channels, hidden = x.shape[1], squeeze[0].shape[0]
    shapes = [tuple(tensor.shape) for tensor in (*squeeze, *excite)]
    if shapes != [(hidden, channels), (hidden,), (channels, hidden), (channels,)]:
        raise ShapeError(
            f"channel gate: weights and biases have shapes {shapes}; (R, {channels}), (R,), ({channels}, R) and "
            f"({channels},) were expected"
        )
    gate = F.linear(F.linear(x.mean((2, 3)), *squeeze).relu(), *excite).sigmoid()  # (B,C)
    gated = x * gate[:, :, None, None]
    if residual is None:
        return gated
    check_same(x, residual, "channel gate", "x and residual")
    return gated + residual
