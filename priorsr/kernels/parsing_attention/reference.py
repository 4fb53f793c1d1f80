"""Attention between tokens of the same class in plain torch, which defines the operation."""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels.dispatch import exporting
from priorsr.kernels.dtypes import check_floating, without_autocast

EPS = 1e-2
ROOM, LEAST_ROWS = 2**20, 128  # most logits computed at once; fewest rows at once, however long


def parsing_attention(
    q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float = EPS
) -> Tensor:
    """Compute `priorsr.kernels.parsing_attention` of checked arguments; differentiable any number of times.

    More than ROOM logits are computed in blocks, of whole images or rows, and computed again in the backward pass. So
    memory grows linearly with N, and a block stays in a CPU's cache. An exported graph computes all logits at once, and
    forms N x N.
    """
    (batch, heads, tokens, _), dtype = q.shape, v.dtype
    wide = torch.promote_types(dtype, torch.float32)
    q, k, v, probabilities, scales = (tensor.to(wide) for tensor in (q, k, v, probabilities, scales))
    with without_autocast(q.device):
        strength = F.softplus(scales)[:, None, None]
        if exporting() or batch * heads * tokens**2 <= ROOM:
            attended = _attend(q, probabilities, k, v, probabilities, strength, eps)
        else:
            attended = _in_blocks(q, k, v, probabilities, strength, eps)
    return attended.to(dtype)


def _in_blocks(q: Tensor, k: Tensor, v: Tensor, p: Tensor, strength: Tensor, eps: float) -> Tensor:
    """Compute the attention in blocks of images, or of rows of an image."""
    heads, tokens = q.shape[1:3]
    images, rows = max(1, ROOM // (heads * tokens**2)), max(LEAST_ROWS, ROOM // (heads * tokens))
    attend = _attend_again if torch.is_grad_enabled() else _attend
    attended = []
    for q_b, k_b, v_b, p_b in zip(*(tensor.split(images) for tensor in (q, k, v, p)), strict=True):
        blocks = zip(q_b.split(rows, 2), p_b.split(rows, 2), strict=True)
        attended.append(torch.cat([attend(q_i, p_i, k_b, v_b, p_b, strength, eps) for q_i, p_i in blocks], 2))
    return torch.cat(attended)


def _attend(q: Tensor, p_i: Tensor, k: Tensor, v: Tensor, p_j: Tensor, strength: Tensor, eps: float) -> Tensor:
    """Attend for the rows i: q (B,H,I,D), p_i (B,P,I); k, v (B,H,N,.), p_j (B,P,N), strength (H,1,1) -> (B,H,I,E)."""
    agreement = (1 - eps) * (p_i.mT @ p_j) + eps  # (B,I,N)
    bias = (strength * agreement.log()[:, None]).flatten(0, 1)  # (B*H,I,N)
    logits = torch.baddbmm(bias, q.flatten(0, 1), k.flatten(0, 1).mT, alpha=1 / math.sqrt(q.shape[-1]))
    return (logits.softmax(-1) @ v.flatten(0, 1)).unflatten(0, q.shape[:2])


_attend_again = partial(checkpoint, _attend, use_reentrant=False, preserve_rng_state=False)


def check(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float) -> None:
    """Raise ShapeError or OptionError unless the tensors fit each other, and eps lies in (0, 1)."""
    if q.ndim != 4 or k.shape != q.shape or v.ndim != 4 or v.shape[:3] != q.shape[:3]:
        raise ShapeError(
            f"parsing attention: q, k and v have shapes {tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}; "
            "(B, H, N, D) twice and (B, H, N, E) were expected"
        )
    if 0 in (*q.shape[1:], v.shape[3]):
        raise ShapeError(
            f"parsing attention: q and v, {tuple(q.shape)} and {tuple(v.shape)}, are empty; tokens were expected"
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
    check_floating("parsing attention", q, k, v, probabilities, scales)
