"""LPIPS, by the package lpips."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from priorsr.errors import ShapeError
from priorsr.files import require_extra
from priorsr.pretrained import UNTRAINED, hub_weights, load_published
from priorsr.shapes import check_map, check_same

SMALLEST = 31  # the smallest sides for AlexNet's strides


class LPIPS(nn.Module):
    """The learned perceptual distance of SR and HR, LPIPS version 0.1 on AlexNet, as in most papers.

    It is computed on RGB. (The SFMNet family computes it on Y in 16 to 235, for which it was not trained.)

    weights: torchvision's AlexNet weights: None for those in torch's cache, a path for others, "untrained" for none.
        The linear weights of LPIPS come with the package. fetch: download AlexNet's into the cache if they are absent.

    Raises MissingExtraError without the package, MissingWeightsError naming the file without the weights.

    Shapes: sr and hr (B,3,H,W), sides from 31 -> (B,). Wrong shapes raise ShapeError.
    Range: images in [0, 1], which the network sees in [-1, 1]; 0 for equal images, seldom above 1.
    Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric" (CVPR 2018).
    """

    kind = "score"
    local: ClassVar = {"weights": UNTRAINED, "fetch": False}
    higher_is_better = False
    bounds = (0.0, math.inf)
    networks = ("LPIPS", "AlexNet")

    def __init__(self, weights: str | Path | None = None, fetch: bool = False) -> None:
        super().__init__()
        for package in ("lpips", "torchvision"):
            require_extra(package, "bench")
        import lpips
        from torchvision.models import AlexNet_Weights, alexnet

        path = weights
        if path is None:
            path = hub_weights(AlexNet_Weights.IMAGENET1K_V1.url, "torchvision's AlexNet", fetch=fetch)
        with warnings.catch_warnings():  # the package speaks to torchvision in an old way
            warnings.simplefilter("ignore", UserWarning)
            self.network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
        if path != UNTRAINED:
            trunk = alexnet(weights=None)
            load_published(trunk, path, "AlexNet weights of torchvision")
            for part in self.network.net.children():
                for index, layer in part.named_children():
                    layer.load_state_dict(trunk.features[int(index)].state_dict())
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "LPIPS", "sr")
        check_same(sr, hr, "LPIPS", "sr and hr")
        if min(sr.shape[2:]) < SMALLEST:
            raise ShapeError(
                f"LPIPS: the images are {sr.shape[2]} x {sr.shape[3]}; sides from {SMALLEST} were expected"
            )
        precision = next(self.network.parameters()).dtype
        distances = self.network(2 * sr.to(precision) - 1, 2 * hr.to(precision) - 1)
        return distances.flatten(1).mean(1).to(torch.promote_types(sr.dtype, torch.float32))
