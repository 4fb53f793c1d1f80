"""The definition of attention between tokens of like classes, in ordinary torch."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from torch import Tensor

from priorsr.errors import OptionError, ShapeError

EPS = 1e-2


def parsing_attention(
    q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, *, eps: float = EPS
) -> Tensor:
    """Multi-head attention over N tokens in which those of the same facial class are drawn to each other.

        softmax_j(<q_i, k_j> / sqrt(D) + softplus(scales_h) * log((1 - eps) * <p_i, p_j> + eps)) v_j

    q, k: (B,H,N,D). v: (B,H,N,E). H counts heads.
    probabilities: (B,P,N), the parsing map at the tokens; each token's sum to 1, so that <p_i, p_j>, the probability
        that both are of one class, lies in [0, 1].
    scales: (H,), how strongly each head minds the classes, before the softplus that keeps the bias from turning over.
    eps: in (0, 1): what is left of the attention between tokens of surely different classes, at a scale of 1.

    Returns (B,H,N,E), in v's dtype, computed in float32 at least, under autocast too. Differentiable with respect to
    every tensor. Memory grows with N^2. Raises ShapeError and OptionError.

    Source: ours. The published systems say no more than that attention fuses the parsing map.
    """
    _check(q, k, v, probabilities, scales, eps)
    dtype = v.dtype
    wide = torch.promote_types(dtype, torch.float32)
    q, k, v, probabilities, scales = (tensor.to(wide) for tensor in (q, k, v, probabilities, scales))
    with _no_autocast(q.device):
        agreement = einsum(probabilities, probabilities, "b p i, b p j -> b i j")
        bias = rearrange(torch.log((1 - eps) * agreement + eps), "b i j -> b 1 i j")
        bias = rearrange(F.softplus(scales), "h -> h 1 1") * bias  # (B,H,N,N)
        logits = einsum(q, k, "b h i d, b h j d -> b h i j") / math.sqrt(q.shape[-1])
        return ((logits + bias).softmax(-1) @ v).to(dtype)


def _no_autocast(device: torch.device) -> AbstractContextManager[None]:
    """A context in which matrix products keep the precision of their arguments."""
    if device.type == "meta" or not torch.is_autocast_enabled(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def _check(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float) -> None:
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
