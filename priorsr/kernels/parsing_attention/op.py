"""Attention between tokens of the same class, computed by the reference or by kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.layout import LARGEST
from priorsr.kernels.parsing_attention import reference

MOST_CLASSES = 32
WIDEST = {"float32": 64, "half precision": 128}  # most channels of a head: see README.md, "Limits"


def parsing_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    probabilities: Tensor,
    scales: Tensor,
    *,
    eps: float = reference.EPS,
    backend: Backend = "auto",
) -> Tensor:
    """Compute multi-head attention over N tokens, biased towards tokens of the same facial class.

        softmax_j(<q_i, k_j> / sqrt(D) + softplus(s_h) * log((1 - eps) * <p_i, p_j> + eps)) v_j

    q, k: (B,H,N,D). v: (B,H,N,E). H is the number of heads. Strides are free.
    probabilities: (B,P,N), the parsing map at the tokens. They sum to 1 for each token, so <p_i, p_j>, the probability
    that tokens i and j share a class, lies in [0, 1].
    scales: (H,), the strength of each head's class bias before the softplus, which keeps it positive.
    eps: in (0, 1), the factor of the attention between tokens of certainly different classes, at softplus(s_h) = 1.
    backend: see docs/kernels.md.

    Returns (B,H,N,E), in v's dtype, computed in float32 at least, under autocast too; the kernels multiply matrices of
    q, k, v and the attention in the dtype of these tensors. Memory grows linearly with N, for the gradient as well.
    Differentiable with respect to every tensor; by the kernels once only. Raises ShapeError, OptionError and
    BackendError.

    Source: ours. PKDN's abstract states only that attention fuses the parsing map.
    """
    reference.check(q, k, v, probabilities, scales, eps)
    given = (q, k, v, probabilities, scales)
    if takes_triton("parsing_attention", backend, *given, limit=_limit(*given[:4])):
        from priorsr.kernels.parsing_attention import triton_impl

        return triton_impl.parsing_attention(*given, eps)
    return reference.parsing_attention(*given, eps)


def _limit(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor) -> str | None:
    """Return why kernels cannot take these shapes, as the end of a sentence; None if they can."""
    precision = "float32" if torch.float32 in (q.dtype, k.dtype, v.dtype) else "half precision"
    for what, width, most in (
        (f"channels of q in {precision}", q.shape[3], WIDEST[precision]),
        (f"channels of v in {precision}", v.shape[3], WIDEST[precision]),
        ("classes", probabilities.shape[1], MOST_CLASSES),
    ):
        if not 0 < width <= most:
            return f"there are {width} {what}, and kernels take 1 to {most}"
    for tensor in (q, k, v, probabilities.mT):
        shape, steps = tensor.shape[-2:], tensor.stride()[-2:]
        if sum((size - 1) * step for size, step in zip(shape, steps, strict=True)) > LARGEST:
            return f"{tuple(shape)} values of a head reach over more than the {LARGEST} that kernels can address"
    return None
