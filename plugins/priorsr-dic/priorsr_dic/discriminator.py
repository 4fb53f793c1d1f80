"""LightCNN-9: DICGAN's discriminator, and the feature network of its perceptual term."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from priorsr.errors import DataError, ShapeError
from priorsr.losses import l1
from priorsr.reading.fitting import load_fitting
from priorsr.reading.pth.state_dicts import read_state_dict
from priorsr.shapes import check_map, check_same
from priorsr_dic.mean_shift import MeanShift

SIZE = 128


class MaxFeatureMap(nn.Module):
    """A layer with twice the output channels, followed by the maximum of channels i and i + half."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.filter = layer

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.filter(x).chunk(2, 1)
        return torch.maximum(first, second)


class Group(nn.Module):
    """Two max-feature-maps: 1x1 at the input's width, then 3x3."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_a = _convolution(in_channels, in_channels, 1)
        self.conv = _convolution(in_channels, out_channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv_a(x))


def _convolution(in_channels: int, out_channels: int, kernel_size: int) -> MaxFeatureMap:
    return MaxFeatureMap(nn.Conv2d(in_channels, 2 * out_channels, kernel_size, padding=kernel_size // 2))


def trunk() -> nn.Sequential:
    """Build LightCNN-9 without its classifier: (B,3,H,W) -> (B,128,H/16,W/16)."""
    return nn.Sequential(
        _convolution(3, 48, 5),
        _pool(),
        Group(48, 96),
        _pool(),
        Group(96, 192),
        _pool(),
        Group(192, 128),
        Group(128, 128),
        _pool(),
    )


def _pool() -> nn.Module:
    return nn.MaxPool2d(2, ceil_mode=True)


class Discriminator(nn.Module):
    """A classifier of real and generated faces: RGB in [0, 1], (B,3,128,128) -> logits (B,1), higher for real ones.

    Wrong shapes raise ShapeError. The layers are named as in the published LightCNN.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shift = MeanShift()
        self.features = trunk()
        self.classifier = nn.Sequential(
            MaxFeatureMap(nn.Linear(128 * (SIZE // 16) ** 2, 512)), nn.LeakyReLU(0.2), nn.Linear(256, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        check_map(image, 3, "DICGAN's discriminator", "image")
        if image.shape[2:] != (SIZE, SIZE):
            raise ShapeError(
                f"DICGAN's discriminator: the image is {image.shape[2]} x {image.shape[3]}; {SIZE} x {SIZE} was "
                "expected, which its classifier has weights for"
            )
        return self.classifier(self.features(self.shift(image)).flatten(1))


class LightCNNLoss(nn.Module):
    """The L1 distance of two images' features in a frozen LightCNN-9, whose weights come from a file.

    weights: a checkpoint (.pth) of a LightCNN-9 for RGB faces minus DIC's mean colour, its layers named `features.N...`
    as in the published LightCNN; a classifier is ignored. A file with other layers raises DataError.

    Shapes: sr and hr (B,3,H,W) -> a scalar. Wrong shapes raise ShapeError.
    Range: images in [0, 1]; the loss lies in [0, inf). hr's features are detached.
    Source: DICGAN (Ma et al., CVPR 2020); the features are the last map of 128 channels, here after its pooling.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.shift = MeanShift()
        self.features = trunk()
        found = read_state_dict(weights)
        state = {k.removeprefix("features."): v for k, v in found.items() if k.startswith("features.")}
        if not state:
            raise DataError(f"{weights}: has no tensor named 'features....'; weights of a LightCNN-9 were expected")
        load_fitting(self.features, state, weights)
        self.eval().requires_grad_(False)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "LightCNN loss", "sr")
        check_same(sr, hr, "LightCNN loss", "sr and hr")
        with torch.no_grad():
            wanted = self.features(self.shift(hr))
        return l1(self.features(self.shift(sr)), wanted)
