"""The perceptual loss: images compared by the features of a classification network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import OptionError, ShapeError, did_you_mean
from priorsr.execution.half import wide
from priorsr.files import require_extra
from priorsr.pretrained import hub_weights, load_published
from priorsr.shapes import check_map, check_same

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# torchvision's `features` index of each layer's output.
LAYERS: Mapping[str, int] = {"relu1_2": 3, "relu2_2": 8, "relu3_3": 15, "relu4_3": 22, "relu5_3": 29}

SMALLEST = 16  # the smallest sides that survive four poolings


class PerceptualLoss(nn.Module):
    """The weighted sum over VGG16 layers of the mean squared difference of the features of two images.

    Shapes: sr and hr (B,3,H,W) of at least 16 x 16 -> a scalar. Wrong shapes raise ShapeError.
    Range: images in [0, 1]; the loss lies in [0, inf), in the network's precision, float32 at least. hr's features are
        detached, the network is frozen.
    Source: Johnson et al., "Perceptual losses for real-time style transfer and super-resolution" (ECCV 2016), eq. 2;
        the default layers are PFSR's (BMVC 2019).
    Weights: torchvision's, from the file `weights` or from torch's cache, into which `fetch=True` downloads them. If
        they are absent, MissingWeightsError names file and folder; a file with other weights raises DataError.
    Errors: OptionError for an empty list of layers, or an unknown layer.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: tuple[str, ...] = ("relu1_2", "relu2_2", "relu3_3", "relu4_3"),
        layer_weights: tuple[float, ...] | None = None,
        *,
        weights: Path | None = None,
        fetch: bool = False,
    ) -> None:
        super().__init__()
        require_extra("torchvision", "train")
        from torchvision.models import vgg16

        if not layers:
            raise OptionError(f"the perceptual loss has no layers; at least one of {', '.join(LAYERS)} was expected")
        for layer in layers:
            if layer not in LAYERS:
                raise OptionError(f"the perceptual loss has no layer {layer!r}; {did_you_mean(layer, LAYERS)}")
        self.ends = tuple(LAYERS[layer] for layer in layers)
        self.layer_weights = (1.0,) * len(layers) if layer_weights is None else layer_weights
        if len(self.layer_weights) != len(layers):
            raise OptionError(
                f"the perceptual loss has {len(self.layer_weights)} layer_weights; {len(layers)} were expected, one a "
                "layer"
            )
        path = vgg16_weights(fetch=fetch) if weights is None else weights
        network = vgg16(weights=None)
        load_published(network, path, "VGG16 weights of torchvision")
        self.features = network.features[: max(self.ends) + 1].eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "perceptual loss", "sr")
        check_same(sr, hr, "perceptual loss", "sr and hr")
        if min(sr.shape[2:]) < SMALLEST:
            raise ShapeError(
                f"perceptual loss: the images are {sr.shape[2]} x {sr.shape[3]}; sides from {SMALLEST} were expected"
            )
        with torch.no_grad():
            wanted = self._seen(hr)
        pairs = zip(self._seen(sr), wanted, self.layer_weights, strict=True)
        return torch.stack([weight * F.mse_loss(wide(s), wide(h)) for s, h, weight in pairs]).sum()

    def _seen(self, image: Tensor) -> list[Tensor]:
        """Return the features of an image at the chosen layers."""
        x = (image.to(self.mean.dtype) - self.mean) / self.std
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.ends:
                found.append(x)
        return found


def vgg16_weights(*, fetch: bool = False) -> Path:
    """Return torchvision's VGG16 weights in torch's download cache; see `priorsr.pretrained.hub_weights`."""
    from torchvision.models import VGG16_Weights

    return hub_weights(VGG16_Weights.IMAGENET1K_V1.url, "torchvision's VGG16", fetch=fetch)
