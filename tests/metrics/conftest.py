"""Pairs of pictures for the tests of scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from priorsr.data.reduction import reduce


def to_tensor(images: np.ndarray) -> Tensor:
    """(B,H,W,3) uint8 -> (B,3,H,W) float32 in [0, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="session")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """(sr, hr), each (5,128,128,3) uint8: blobs and edges of two sizes, and their bicubic enlargement from 16 px."""
    rng = np.random.default_rng(7)

    def layer(side: int) -> np.ndarray:
        coarse = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
        return np.asarray(coarse.resize((128, 128), Image.Resampling.BICUBIC), float)

    hr = np.stack([0.8 * layer(6) + 0.2 * layer(32) + rng.normal(0, 3, (128, 128, 3)) for _ in range(5)])
    hr = hr.clip(0, 255).astype(np.uint8)
    lr = [Image.fromarray(reduce(image, 8, "pil-bicubic")) for image in hr]
    return np.stack([np.asarray(image.resize((128, 128), Image.Resampling.BICUBIC)) for image in lr]), hr


@pytest.fixture(scope="session")
def pair(pictures) -> tuple[Tensor, Tensor]:
    """The pictures as tensors (5,3,128,128): sr, hr."""
    sr, hr = pictures
    return to_tensor(sr), to_tensor(hr)


@pytest.fixture(scope="session")
def rough_pair(pair) -> tuple[Tensor, Tensor]:
    """The pair with an sr as networks give it: between the 8-bit values, and here and there outside of [0, 1]."""
    sr, hr = pair
    return 1.1 * sr - 0.05 + 0.01 * torch.randn(sr.shape, generator=torch.Generator().manual_seed(1)), hr
