from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.inference.photographs.windows import FaceWindow

TURNED = np.array([[40.0, -9.0, 30.0], [9.0, 40.0, 12.0]])


def smooth(width: int, height: int) -> Image.Image:
    """A picture whose red is a slope along x and whose green is one along y."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x, 2 * y, 0 * x], -1).astype(np.uint8))


def test_an_upright_crop_on_whole_pixels_is_cut_out_exactly() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    window = FaceWindow.around(Image.fromarray(pixels), np.array([[16.0, 0, 20], [0, 16.0, 10]]))
    found = (window.crop(16)[0].permute(1, 2, 0) * 255).numpy()
    assert np.abs(found - pixels[10:26, 20:36]).max() < 1e-2
    assert window.side == 16


def test_a_turned_crop_is_sampled_where_its_pixels_lie() -> None:
    window = FaceWindow.around(smooth(120, 100), TURNED)
    side = 32
    places = (np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1) + 0.5) / side
    x, y = np.moveaxis(places @ TURNED[:, :2].T + TURNED[:, 2] - 0.5, -1, 0)
    found = window.crop(side)[0].numpy() * 255
    assert np.abs(found[0] - x).max() < 0.15  # torch's cubic (a = -0.75) bends a slope a little
    assert np.abs(found[1] - 2 * y).max() < 0.15
    assert window.side == pytest.approx(41)


def test_outside_the_photograph_its_edge_goes_on() -> None:
    window = FaceWindow.around(smooth(40, 40), np.array([[20.0, 0, -8], [0, 20.0, 30]]))
    found = window.crop(20)[0].numpy() * 255
    assert np.abs(found[0, :, :6]).max() < 0.05
    assert np.abs(found[1, 12:] - 78).max() < 0.05


def test_a_crop_that_is_laid_back_lies_where_it_was() -> None:
    window = FaceWindow.around(smooth(120, 100), TURNED)
    inside = window.laid(torch.ones(1, 1, 96, 96))
    back = window.laid(window.crop(96))
    core = (inside - 1).abs() < 1e-5
    assert core.float().mean() > 0.5
    assert (back - window.image).abs()[core.expand_as(back)].max() * 255 < 0.5
    assert inside[..., 0, 0] == 0


def test_a_crop_with_more_pixels_than_its_place_is_averaged() -> None:
    window = FaceWindow.around(smooth(40, 40), np.array([[16.0, 0, 10], [0, 16.0, 10]]))
    checks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(64, 64)[None, None]
    core = window.laid(checks)[0, 0, 6:-6, 6:-6]
    assert (core - 0.5).abs().max() < 0.02


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_an_image_is_laid_over_the_photograph_as_far_as_the_mask_says(mode: str) -> None:
    photograph = Image.new(mode, (40, 30))
    window = FaceWindow.around(photograph, np.array([[16.0, 0, -4], [0, 16.0, 10]]))
    height, width = window.image.shape[2:]
    mask = torch.zeros(1, 1, height, width)
    mask[..., : width // 2] = 1
    mask[..., 0, width // 2 :] = 0.5
    window.paste(photograph, torch.full((1, 3, height, width), 0.8), mask)
    pixels = np.asarray(photograph.convert("L"))
    middle = window.left + width // 2
    assert (pixels[window.top + 1 : window.top + height, :middle] == 204).all()
    assert (pixels[window.top, middle : window.left + width] == 102).all()
    assert pixels[window.top + 1 : window.top + height, middle:].max() == 0
    assert pixels[: window.top].max() == 0
