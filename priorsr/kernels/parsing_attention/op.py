"""Attention between tokens of like classes, by the reference or by kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.layout import LARGEST
from priorsr.kernels.parsing_attention import reference

MOST_CLASSES = 32
WIDEST = {"float32": 64, "half precision": 128}  # channels of a head: see README.md, "Limits"


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
    """Multi-head attention over N tokens in which those of the same facial class are drawn to each other.

        softmax_j(<q_i, k_j> / sqrt(D) + softplus(s_h) * log((1 - eps) * <p_i, p_j> + eps)) v_j

    q, k: (B,H,N,D). v: (B,H,N,E). H is the number of heads. Strides are free.
    probabilities: (B,P,N), the parsing map at the tokens; each token's sum to 1, so that <p_i, p_j>, the probability
        that both are of one class, lies in [0, 1].
    scales: (H,), how strongly each head minds the classes, before the softplus that keeps the bias from turning over.
    eps: in (0, 1): what is left of the attention between tokens of surely different classes, at a scale of 1.
    backend: see docs/kernels.md.

    Returns (B,H,N,E), in v's dtype, computed in float32 at least, under autocast too; the kernels feed matrix products
    with q, k, v and the attention in their own dtype. Memory grows with N, in the gradient too. Differentiable with
    respect to every tensor, once only by the kernels. Raises ShapeError, OptionError and BackendError.

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
