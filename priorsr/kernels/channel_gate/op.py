"""The gate of a residual channel attention block, computed by the reference or by kernels."""

from __future__ import annotations

from torch import Tensor

from priorsr.kernels.channel_gate import reference
from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.layout import size_limit


def channel_gate(
    x: Tensor,
    residual: Tensor | None,
    squeeze: tuple[Tensor, Tensor],
    excite: tuple[Tensor, Tensor],
    *,
    backend: Backend = "auto",
) -> Tensor:
    """Return x * sigmoid(W2 relu(W1 mean(x) + b1) + b2) (+ residual): squeeze, excite, scale, add.

    x, residual: (B,C,H,W); the mean is over H and W; without a residual (None) nothing is added.
    squeeze: W1 (R,C) and b1 (R,). excite: W2 (C,R) and b2 (C,). backend: see docs/kernels.md.

    Returns (B,C,H,W), in x's dtype; the mean and the gate are computed in float32 at least, under autocast too.
    Differentiable with respect to every tensor; by the kernels once only. Raises ShapeError, OptionError and
    BackendError.

    Source: RCAN (ECCV 2018) sections 3.3 and 3.4.
    """
    reference.check(x, residual, squeeze, excite)
    if takes_triton("channel_gate", backend, x, residual, *squeeze, *excite, limit=size_limit(x)):
        from priorsr.kernels.channel_gate import triton_impl

        return triton_impl.channel_gate(x, residual, squeeze, excite)
    return reference.channel_gate(x, residual, squeeze, excite)
