"""Landmarks by FAN, through the package face-alignment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import OptionError
from priorsr.files import require_extra
from priorsr.models.input_checks import check_images
from priorsr.pretrained import UNTRAINED, hub_weights, load_published
from priorsr.priors import landmark_scheme

NETWORK = "2DFAN-4"
MODULES = 4  # hourglasses
INPUT, HEATMAP = 256, 64  # pixels a side, of what FAN sees and answers
FACE_PART = 195 / 200  # of the window's half that a face's box fills
RAISED = 0.12  # of the box's height, by which the window lies higher


class FaceAlignment(nn.Module):
    """An estimator of 68 landmarks (`ibug-68`): the 2D FAN of the package face-alignment, whose weights are frozen.

    No detector runs: `box` is the face's place in every image, as (left, top, right, bottom) in parts of the image;
    the whole image unless given, which suits crops that the face fills. From the box FAN's window follows as in the
    package, twice as large and a little higher; what lies outside the image is black there.

    box: see above. mirrored: average the heatmaps with those of the mirrored image, as the package does, in twice the
        time.
    weights: None for those in torch's own cache, a path for others, "untrained" for none. fetch: download them into the
        cache if they are absent.

    Raises MissingExtraError without the package, MissingWeightsError naming the file without the weights.

    Shapes: images (B,3,H,W), any sides -> Prior(landmarks (B,68,2), valid (B,68), heatmaps (B,68,64,64)), None; the
        heatmaps cover FAN's window, not the image.
    Range: images in [0, 1], LR ones enlarged before; landmarks in the image's pixels, each at its heatmap's largest
        value and a quarter of a pixel of the heatmap towards the larger neighbour, all of them valid; heatmaps about 0
        to 1.
    Source: Bulat and Tzimiropoulos, ICCV 2017; the package's decoding, but not rounded down to whole pixels.
    """

    kind = "estimator"
    local: ClassVar = {"weights": UNTRAINED, "fetch": False}

    def __init__(
        self,
        box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
        mirrored: bool = True,
        weights: str | Path | None = None,
        fetch: bool = False,
    ) -> None:
        super().__init__()
        if len(box) != 4 or not (box[0] < box[2] and box[1] < box[3]):
            raise OptionError(f"face_alignment: the box is {box}; (left, top, right, bottom) was expected")
        require_extra("face_alignment", "landmarks")
        from face_alignment.api import models_urls
        from face_alignment.models import FAN

        self.options: dict[str, Any] = {"box": list(box), "mirrored": mirrored}
        path = hub_weights(models_urls[NETWORK], "FAN's", fetch=fetch) if weights is None else weights
        self.network = FAN(MODULES)
        if path != UNTRAINED:
            load_published(self.network, path, f"the weights of {NETWORK}")
            self.card = {"weights": Path(path).name}
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:  # noqa: ARG002  # the kind's call
        check_images(self, images, "face_alignment")
        centre, side = self._window(images)
        faces = _cut(images, centre, side)
        heatmaps = self.network(faces)[-1]
        if self.options["mirrored"]:
            flip = torch.tensor(landmark_scheme("ibug-68").flip, device=images.device)
            heatmaps = (heatmaps + self.network(faces.flip(3))[-1].flip(3)[:, flip]) / 2
        landmarks = (_peaks(heatmaps.float()) / HEATMAP - 0.5) * side + centre - 0.5
        return Prior(
            landmarks=landmarks, valid=torch.ones_like(landmarks[..., 0], dtype=torch.bool), heatmaps=heatmaps
        ), None

    def _window(self, images: Tensor) -> tuple[Tensor, float]:
        """Return the centre (2,) of FAN's window, where a pixel's corner is an integer, and its side, in pixels."""
        height, width = images.shape[2:]
        left, top, right, bottom = self.options["box"]
        box_width, box_height = (right - left) * width, (bottom - top) * height
        centre = [(left + right) / 2 * width, (top + bottom) / 2 * height - RAISED * box_height]
        return torch.tensor(centre, device=images.device), (box_width + box_height) / FACE_PART


def _cut(images: Tensor, centre: Tensor, side: float) -> Tensor:
    """Return the window of images (B,3,H,W), black outside, bilinear, as FAN sees it: (B,3,256,256)."""
    steps = (torch.arange(INPUT, device=images.device) + 0.5) / INPUT - 0.5
    size = torch.tensor([images.shape[3], images.shape[2]], device=images.device)
    x, y = (2 * (centre[:, None] + side * steps) / size[:, None] - 1).unbind()  # -1 and 1 are the image's edges
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).to(images.dtype)
    return F.grid_sample(images, grid.expand(len(images), -1, -1, -1), align_corners=False)


def _peaks(heatmaps: Tensor) -> Tensor:
    """Return the peaks of heatmaps (B,L,h,w) as (x, y), (B,L,2), a pixel's centre being at a half.

    A quarter of a pixel towards the larger neighbour on each axis, but not at the border.
    """
    height, width = heatmaps.shape[2:]
    best = heatmaps.flatten(2).argmax(2)  # (B,L)
    x, y = best % width, best // width
    inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)

    def at(right: int, down: int) -> Tensor:
        place = (y + down).clamp(0, height - 1) * width + (x + right).clamp(0, width - 1)
        return heatmaps.flatten(2).gather(2, place[..., None])[..., 0]

    towards = torch.stack([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)], -1).sign()
    return torch.stack([x, y], -1) + 0.5 + 0.25 * towards * inside[..., None]
