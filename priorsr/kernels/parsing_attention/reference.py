"""The definition of attention between tokens of like classes, in ordinary torch."""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels.dispatch import exporting
from priorsr.kernels.precision import without_autocast

EPS = 1e-2
BLOCK = 128


def parsing_attention(
    q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float = EPS
) -> Tensor:
    """`priorsr.kernels.parsing_attention`, as it is defined; differentiable as often as one likes.

    BLOCK rows are attended at a time, and again in the backward, so that memory grows with N, and what is worked on
    stays in a CPU's cache. A graph that is exported takes all rows at once instead, and forms N x N.
    """
    check(q, k, v, probabilities, scales, eps)
    heads, tokens, dtype = q.shape[1], q.shape[2], v.dtype
    wide = torch.promote_types(dtype, torch.float32)
    q, k, v, probabilities, scales = (tensor.to(wide) for tensor in (q, k, v, probabilities, scales))
    with without_autocast(q.device):
        strength = rearrange(F.softplus(scales), "h -> h 1 1")
        q, k, v = (rearrange(tensor, "b h n d -> (b h) n d") for tensor in (q, k, v))
        others = (k, v, probabilities, strength)
        if exporting() or tokens <= BLOCK:
            attended = _attend(q, probabilities, *others, eps)
        else:
            rows = zip(q.split(BLOCK, 1), probabilities.split(BLOCK, 2), strict=True)
            attend = _attend_again if torch.is_grad_enabled() else _attend
            attended = torch.cat([attend(*block, *others, eps) for block in rows], 1)
    return rearrange(attended, "(b h) n d -> b h n d", h=heads).to(dtype)


def _attend(q: Tensor, p_i: Tensor, k: Tensor, v: Tensor, p_j: Tensor, strength: Tensor, eps: float) -> Tensor:
    """What rows i of all heads attend to: q (B*H,I,D), p_i (B,P,I); k, v (B*H,N,.), p_j (B,P,N), strength (H,1,1)."""
    agreement = (1 - eps) * (p_i.mT @ p_j) + eps  # (B,I,N)
    bias = (strength * agreement.log()[:, None]).flatten(0, 1)  # (B*H,I,N)
    logits = torch.baddbmm(bias, q, k.mT, alpha=1 / math.sqrt(q.shape[-1]))
    return logits.softmax(-1) @ v


_attend_again = partial(checkpoint, _attend, use_reentrant=False, preserve_rng_state=False)


def check(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float) -> None:
    """Raise ShapeError or OptionError unless the tensors fit each other, and eps lies in (0, 1)."""
    if q.ndim != 4 or k.shape != q.shape or v.ndim != 4 or v.shape[:3] != q.shape[:3]:
        raise ShapeError(
            f"parsing attention: q, k and v have shapes {tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}; "
            "(B, H, N, D) twice and (B, H, N, E) were expected"
        )
    batch, heads, tokens, _ = q.shape
    if probabilities.ndim != 3 or (probabilities.shape[0], probabilities.shape[2]) != (batch, tokens):
        raise ShapeError(
            f"parsing attention: the probabilities have shape {tuple(probabilities.shape)}; ({batch}, P, {tokens}) was "
            "expected"
        )
    if scales.shape != (heads,):
        raise ShapeError(f"parsing attention: the scales have shape {tuple(scales.shape)}; ({heads},) was expected")
    if not 0 < eps < 1:
        raise OptionError(f"parsing attention: eps is {eps}; a number between 0 and 1 was expected")
