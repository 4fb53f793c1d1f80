"""dlib's face recognition network in torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import DataError, ShapeError
from priorsr_dlib.chips import SIDE
from priorsr_dlib.recognition_weights import read_layers

MEAN = (122.782, 117.001, 104.298)  # mean RGB, 0 to 255, that dlib subtracts before it divides by 256
LEVELS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))  # channels and blocks; the first of all but one halves sides


class FaceRecognitionNet(nn.Module):
    """dlib's ResNet of 29 convolutions, which embeds faces, with the weights of `path`, in eval mode.

    It runs in torch, since dlib's wheels are built without BLAS and take 14 times as long on a CPU core. Each
    convolution includes the affine layer that follows it.

    Shapes: faces (B,3,150,150), cut as dlib cuts them -> (B,128). Wrong shapes raise ShapeError.
    Range: faces in [0, 1]; embeddings about 1.4 long. As a rule, the distance is below 0.6 for one person and above for
        two.
    Source: dlib's `dnn_face_recognition_ex.cpp` and `dlib_face_recognition_resnet_model_v1.dat`; He et al., "Deep
        residual learning" (CVPR 2016). Results equal dlib's to 1e-5.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        channels, blocks = LEVELS[0][0], []
        self.stem = nn.Conv2d(3, channels, 7, stride=2)
        for level, (width, count) in enumerate(LEVELS):
            for index in range(count):
                blocks.append(_Block(channels, width, halves=level > 0 and index == 0))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, 128, bias=False)
        self._load(path)
        self.requires_grad_(False).eval()

    def forward(self, faces: Tensor) -> Tensor:
        if faces.shape[1:] != (3, SIDE, SIDE):
            raise ShapeError(
                f"face recognition: the faces have shape {tuple(faces.shape)}; (B, 3, {SIDE}, {SIDE}) was expected"
            )
        mean = torch.tensor(MEAN, device=faces.device, dtype=faces.dtype)[:, None, None]
        x = F.max_pool2d(F.relu(self.stem((255 * faces - mean) / 256)), 3, 2)
        return self.head(self.blocks(x).mean((2, 3)))

    @torch.no_grad()
    def _load(self, path: Path) -> None:
        layers = read_layers(path)
        convolutions = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        sizes = [size for conv in convolutions for size in (_count(conv), 2 * conv.out_channels)]
        wanted = [
            *zip(["con_4", "affine_"] * len(convolutions), sizes, strict=True),
            ("fc_2", self.head.weight.numel()),
        ]
        if [(layer.kind, layer.values.size) for layer in layers] != wanted:
            raise DataError(f"{path}: holds another network than dlib's face recognition network")
        values = [torch.from_numpy(layer.values.copy()) for layer in layers]
        for convolution, own, affine in zip(convolutions, values[::2], values[1::2], strict=False):
            _fold(convolution, own, affine)
        self.head.weight.copy_(values[-1].view(-1, self.head.out_features).T)


class _Block(nn.Module):
    """A residual block of two convolutions; if sides or channels differ, the smaller is padded with zeros."""

    def __init__(self, in_channels: int, channels: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        stride, padding = (2, 0) if halves else (1, 1)
        self.first = nn.Conv2d(in_channels, channels, 3, stride, padding)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(F.relu(self.first(x)))
        if self.halves:
            x = F.avg_pool2d(x, 2)
        sizes = [max(sizes) for sizes in zip(x.shape, y.shape, strict=True)]
        return F.relu(_filled(x, sizes) + _filled(y, sizes))


def _filled(x: Tensor, sizes: Sequence[int]) -> Tensor:
    (channels, height, width), (wanted, rows, columns) = x.shape[1:], sizes[1:]
    return F.pad(x, (0, columns - width, 0, rows - height, 0, wanted - channels))


def _count(convolution: nn.Conv2d) -> int:
    return sum(parameter.numel() for parameter in convolution.parameters())


def _fold(convolution: nn.Conv2d, own: Tensor, affine: Tensor) -> None:
    """Load a convolution's weights and biases (n,), and the factors and summands (2C,) of the affine layer after it."""
    factor, summand = affine.chunk(2)
    weight, bias = own.split([convolution.weight.numel(), convolution.out_channels])
    convolution.weight.copy_(weight.view_as(convolution.weight) * factor[:, None, None, None])
    cast("Tensor", convolution.bias).copy_(bias * factor + summand)
