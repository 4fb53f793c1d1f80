"""The distilled FAN: a small network that finds a face's landmarks at the image's resolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import OptionError
from priorsr.models import check_images
from priorsr_pfsr.convert import FAN_LAYOUTS

WINDOW = 2  # pixels around a heatmap's peak for the centroid


class DistilledFAN(nn.Module):
    """An estimator of 68 landmarks (`ibug-68`): five convolutions without stride, distilled from FAN.

    Its receptive field is 13 pixels, so it is most accurate for small faces of 64 px.

    widths: channels of the inner layers. landmarks: number of heatmaps.

    Shapes: images (B,3,H,W), any sides -> Prior(landmarks (B,L,2), heatmaps (B,L,H,W)), None.
    Range: images in [0, 1]; heatmaps unbounded, slightly below 0 in the background; landmarks in the image's pixels:
        the centroid of the positive values within 2 pixels of the heatmap's largest value, or that pixel if none is
        positive. No gradient flows through landmarks. In training, normalised by the batch's statistics.
    Source: PFSR (BMVC 2019), layers as in the released checkpoint. Departure: the decoding is ours, since PFSR needs
        none.
    """

    kind = "estimator"
    released = FAN_LAYOUTS

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 128), landmarks: int = 68) -> None:
        super().__init__()
        if len(widths) < 2 or min(*widths, landmarks) < 1:
            raise OptionError(
                f"distilled_fan: widths is {widths}, landmarks {landmarks}; 2 widths or more, all from 1, were expected"
            )
        self.options: dict[str, Any] = {"widths": list(widths), "landmarks": landmarks}
        first, *inner = widths
        self.conv = nn.Conv2d(3, first, 5, padding=2)
        layers: list[nn.Module] = []
        for before, after in zip(widths, inner, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.01)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], landmarks, 3, padding=1), nn.LeakyReLU(0.01))

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:  # noqa: ARG002  # the kind's call
        check_images(self, images, "distilled_fan")
        heatmaps = self.layers(self.conv(images))
        return Prior(landmarks=_centroids(heatmaps.detach().float()), heatmaps=heatmaps), None


def _centroids(heatmaps: Tensor) -> Tensor:
    """Return centroids (B,L,2) of heatmaps (B,L,H,W), (x, y); integers are pixel centres; see DistilledFAN."""
    height, width = heatmaps.shape[2:]
    flat = heatmaps.flatten(2)
    best = flat.argmax(2, keepdim=True)  # (B,L,1)
    around = torch.arange(-WINDOW, WINDOW + 1, device=heatmaps.device)
    across, down = (offsets.flatten() for offsets in torch.meshgrid(around, around, indexing="xy"))
    x, y = best % width + across, best // width + down  # (B,L,25)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    mass = flat.gather(2, y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).relu() * inside
    total = mass.sum(2, keepdim=True)
    centroid = (torch.stack([x, y], 3) * mass[..., None]).sum(2) / total.clamp(min=1e-12)
    return torch.where(total > 0, centroid, torch.cat([best % width, best // width], 2).float())
