"""Identity: the similarity of SR and HR to a face recognition network."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import MissingWeightsError, OptionError
from priorsr.execution.half import wide
from priorsr.metrics.iresnet import DEPTHS, SIDE, IResNet
from priorsr.pretrained import UNTRAINED, hub_path, load_published
from priorsr.shapes import check_map, check_same


class Identity(nn.Module):
    """The cosine similarity of ArcFace's embeddings of SR and HR.

    SR and HR are cropped identically and resized to the network's 112 x 112 pixels (bilinear, antialiased). They are
    not aligned, so that no landmark detector affects the score.

    box: the crop, (left, top, right, bottom) as fractions of the image. With the default, the mean eyes and mouth of
    100 faces of CelebAMask-HQ are within 2 % of their positions in ArcFace's training; faces cropped otherwise need
    another box.
    layers: depth of the network: 18, 34, 50 or 100.
    weights: InsightFace's `backbone.pth` (a state dict): None for the file that the error names, a path for another,
    "untrained" for none. The user must download them: no program can, and most are for research only.

    Raises MissingWeightsError naming the file without the weights.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError.
    Range: images in [0, 1]; -1 to 1, 1 for the same embedding. Computed in the network's precision.
    Source: Deng et al., "ArcFace" (CVPR 2019). Departure: a fixed box instead of an alignment by five landmarks.
    """

    kind = "score"
    local: ClassVar = {"weights": UNTRAINED}
    higher_is_better = True
    bounds = (-1.0, 1.0)
    networks = ("ArcFace", "IResNet")

    def __init__(
        self,
        box: tuple[float, float, float, float] = (0.14, 0.14, 0.86, 0.86),
        layers: int = 50,
        weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        if len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
            raise OptionError(f"identity: the box is {box}; (left, top, right, bottom) in parts of 1 was expected")
        if layers not in DEPTHS:
            raise OptionError(f"identity: layers is {layers}; one of {', '.join(map(str, DEPTHS))} was expected")
        self.box = box
        self.network = IResNet(DEPTHS[layers])
        if weights != UNTRAINED:
            load_published(
                self.network, _there(layers) if weights is None else weights, f"ArcFace weights of IResNet-{layers}"
            )
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "identity", "sr")
        check_same(sr, hr, "identity", "sr and hr")
        return F.cosine_similarity(self._embedded(sr), self._embedded(hr)).to(
            torch.promote_types(sr.dtype, torch.float32)
        )

    def _embedded(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        left, top, right, bottom = self.box
        cut = images[..., round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        faces = F.interpolate(wide(cut), (SIDE, SIDE), mode="bilinear", antialias=True)
        return wide(self.network(2 * faces.to(self.network.fc.weight.dtype) - 1))


def _there(layers: int) -> Path:
    path = hub_path(f"arcface_r{layers}.pth")
    if not path.is_file():
        raise MissingWeightsError(
            f"ArcFace's weights are absent: put InsightFace's backbone.pth of IResNet-{layers} into {path.parent} as "
            f"{path.name}, or give its path as weights"
        )
    return path
