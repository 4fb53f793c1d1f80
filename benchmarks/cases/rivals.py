"""Rivals that compute attention with a bias: PyTorch's own, given the bias as a tensor, and FlexAttention."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import flex_attention

from benchmarks.plain.operations import parsing_bias

EPS = 1e-2
COMPILE_MODE = "max-autotune-no-cudagraphs"  # CUDA graphs copy their inputs, which would count


def sdpa(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor) -> Tensor:
    """`scaled_dot_product_attention` with the bias (B,H,N,N) stored; drawing the bias is part of it."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=parsing_bias(probabilities, scales).to(q.dtype))


def flex(compiled: bool) -> Callable[..., Tensor]:
    """FlexAttention, its score modified by the bias, which it works out of the probabilities: nothing is stored.

    A score cannot hold a product of vectors, so that of the classes is written out. Only q, k and v get gradients, so
    backward it has less to do than ours. Compiled, it is one kernel; else it runs step by step, which shows only that
    the formula is right.
    """
    attend = torch.compile(flex_attention, mode=COMPILE_MODE, dynamic=False) if compiled else flex_attention

    def run(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor) -> Tensor:
        probabilities, strength = probabilities.detach(), F.softplus(scales.detach())
        classes = probabilities.shape[1]

        def score(logit: Tensor, batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            agreement = probabilities[batch, 0, query] * probabilities[batch, 0, key]
            for label in range(1, classes):
                agreement = agreement + probabilities[batch, label, query] * probabilities[batch, label, key]
            return logit + strength[head] * torch.log((1 - EPS) * agreement + EPS)

        return attend(q, k, v, score_mod=score)

    return run
