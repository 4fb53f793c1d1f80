"""A small network that estimates parsing maps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import MissingWeightsError, OptionError, UnknownNameError
from priorsr.execution.half import wide
from priorsr.models.finding import find_weights
from priorsr.models.input_checks import check_images
from priorsr.models.weights import read
from priorsr.pretrained import UNTRAINED
from priorsr.priors import label_map
from priorsr.reading.fitting import load_fitting

LARGEST = 4096  # pixels a side
CLASSES = len(label_map("celebamask-19").classes)


class ParsingNet(nn.Module):
    """An estimator of parsing maps of 19 classes (`celebamask-19`): a U-Net at half the image's size and below.

    A convolution of stride 2, then scales each half as large as the one before, with the channels `widths`; on the way
    back a coarser scale is projected, enlarged and added. The logits are enlarged to the image's size (bilinear).

    widths: channels of each scale, finest first. size: the side that it was trained at, a multiple of 2**len(widths);
        images of other sides are resized to size x size before (bilinear, antialiased), so an image that is not square
        is squeezed.
    weights: None for those of the package priorsr-weights, a path for others, "untrained" for none. Those were
        trained by the recipe `parsing_net` on 900 photographs of CelebAMask-HQ at 128 px, turned by up to 15 degrees,
        scaled by up to 30 % and moved by up to 15 % of the side, half of them as HR and half as 16 px LR enlarged;
        `card` holds more. Small faces in a scene, and people whom that set shows rarely, were not tested.

    Shapes: images (B,3,H,W), any sides -> Prior(parsing (B,19,H,W)), None.
    Range: images in [0, 1], LR ones enlarged before; probabilities that sum to 1 at every pixel.
    Source: ours, after U-Net (Ronneberger et al., MICCAI 2015): sums instead of concatenations, BatchNorm, and no
        features at the image's full size.
    """

    kind = "estimator"
    local: ClassVar = {"weights": UNTRAINED}

    def __init__(
        self, widths: tuple[int, ...] = (32, 64, 96, 128), size: int = 128, weights: str | Path | None = None
    ) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise OptionError(f"parsing_net: widths is {widths}; a width of at least 1 for each scale was expected")
        if not 1 <= size <= LARGEST or size % 2 ** len(widths):
            raise OptionError(
                f"parsing_net: size is {size}; a multiple of {2 ** len(widths)} up to {LARGEST} was expected"
            )
        self.options: dict[str, Any] = {"widths": list(widths), "size": size}
        self.down = nn.ModuleList(_conv(a, b, stride=2) for a, b in pairwise((3, *widths)))
        self.encode = nn.ModuleList(_conv(width, width) for width in widths)
        self.project = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairwise(widths))
        self.decode = nn.ModuleList(_conv(width, width) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], CLASSES, 1)
        if weights != UNTRAINED:
            self._read(_shipped() if weights is None else Path(weights))

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:  # noqa: ARG002  # the kind's call
        check_images(self, images, "parsing_net")
        size = (self.options["size"],) * 2
        x = images
        if x.shape[2:] != size:  # antialiasing is not there in half precision
            x = F.interpolate(wide(images), size, mode="bilinear", antialias=True).to(images.dtype)
        kept = []
        for down, encode in zip(self.down, self.encode, strict=True):
            x = encode(down(x))
            kept.append(x)
        for finer, project, decode in reversed(list(zip(kept, self.project, self.decode, strict=False))):
            x = decode(finer + F.interpolate(project(x), scale_factor=2))
        logits = F.interpolate(self.head(x), images.shape[2:], mode="bilinear")
        return Prior(parsing=logits.softmax(1, dtype=images.dtype)), None

    def _read(self, path: Path) -> None:
        """Load weights, and be ready to use them."""
        described, tensors = read(path)
        load_fitting(self, tensors, path)
        self.card = described["card"]
        self.eval()


def _shipped() -> Path:
    """Return the weights that an installed package offers for this network."""
    try:
        return find_weights("parsing_net")
    except UnknownNameError as error:
        raise MissingWeightsError(
            "parsing_net's weights are absent: pip install priorsr-weights, which brings them, or give weights=PATH "
            "(priorsr train parsing_net makes some)"
        ) from error


def _conv(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
