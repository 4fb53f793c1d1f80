"""The four fused operations, step by step in plain torch: what is written where there is no kernel for it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = tuple[Tensor, Tensor]


def channel_gate(x: Tensor, residual: Tensor, squeeze: Weights, excite: Weights) -> Tensor:
    """x, residual (B,C,H,W); weight and bias of either 1x1 convolution -> x * gate + residual."""
    mean = x.mean((2, 3))
    hidden = F.linear(mean, *squeeze).relu()
    gate = F.linear(hidden, *excite).sigmoid()
    return x * gate[:, :, None, None] + residual


def landmark_fusion(features: Tensor, heatmaps: Tensor, groups: Sequence[Sequence[int]]) -> Tensor:
    """Features of G components (B,G*C,H,W) and heatmaps (B,L,H,W) -> their weighted sum (B,C,H,W).

    groups: each of consecutive landmarks, which a slice takes; a GPU would have to wait for a list of numbers.
    """
    maxima = heatmaps.amax((2, 3), keepdim=True).clamp(min=0.05)
    normalised = heatmaps / maxima
    components = torch.stack([normalised[:, group[0] : group[-1] + 1].sum(1) for group in groups], 1)
    weights = components.softmax(1)  # (B,G,H,W)
    return (features.unflatten(1, (len(groups), -1)) * weights[:, :, None]).sum(1)


def landmark_heatmap(landmarks: Tensor, size: tuple[int, int], scale: float, sigma: float = 1.0) -> Tensor:
    """Landmarks (B,L,2) in HR pixels -> a Gaussian each, (B,L,h,w)."""
    x, y = (landmarks / scale).unbind(-1)
    rows = torch.exp(-((torch.arange(size[0], device=x.device) - y[..., None]) ** 2) / (2 * sigma**2))
    columns = torch.exp(-((torch.arange(size[1], device=x.device) - x[..., None]) ** 2) / (2 * sigma**2))
    return rows[..., :, None] * columns[..., None, :]


def landmark_heatmap_max(landmarks: Tensor, size: tuple[int, int], scale: float, sigma: float = 1.0) -> Tensor:
    """Return the largest of the Gaussians at each pixel, (B,1,h,w)."""
    return landmark_heatmap(landmarks, size, scale, sigma).amax(1, keepdim=True)


def landmark_heatmap_mse(predictions: Tensor, landmarks: Tensor, scale: float, sigma: float = 1.0) -> Tensor:
    """Return the mean squared difference between each predicted heatmap (B,L,h,w) and its Gaussian, (B,L)."""
    height, width = predictions.shape[2:]
    return ((predictions - landmark_heatmap(landmarks, (height, width), scale, sigma)) ** 2).mean((2, 3))


def parsing_attention(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor) -> Tensor:
    """q, k, v (B,H,N,D), probabilities (B,P,N), scales (H,) -> attended (B,H,N,D)."""
    bias = parsing_bias(probabilities, scales)
    logits = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return (logits + bias).softmax(-1) @ v


def parsing_bias(probabilities: Tensor, scales: Tensor, eps: float = 1e-2) -> Tensor:
    """Return the bias of the logits, (B,H,N,N)."""
    agreement = probabilities.transpose(1, 2) @ probabilities
    return F.softplus(scales)[:, None, None] * torch.log((1 - eps) * agreement + eps)[:, None]
