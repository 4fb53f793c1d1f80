"""An estimator of parsing maps: a few convolutions."""

from __future__ import annotations

from typing import Any

from priorsr import Prior
from priorsr.shapes import check_map
from torch import Tensor, nn

CLASSES = 19  # of the label map `celebamask-19`


class MyEstimator(nn.Module):
    """Parsing maps of 19 classes by two convolutions; weights are random until it is trained.

    width: channels between them.

    Shapes: images (B,3,H,W), any sides -> Prior(parsing (B,19,H,W)), None.
    Range: images in [0, 1], LR ones enlarged before; probabilities that sum to 1 at every pixel.
    Source: ours.
    """

    kind = "estimator"
    contract = 2  # the version of the contract, see priorsr.testing

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.options = {"width": width}  # what priorsr.save keeps beside the weights
        self.body = nn.Sequential(nn.Conv2d(3, width, 5, padding=2), nn.SiLU(), nn.Conv2d(width, CLASSES, 5, padding=2))

    def forward(self, images: Tensor, state: Any = None) -> tuple[Prior, Any]:
        check_map(images, 3, "my_estimator", "images")
        return Prior(parsing=self.body(images).softmax(1)), state
