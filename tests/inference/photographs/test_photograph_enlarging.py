from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))  # for `import patterns`

from patterns import Stripes, StripesConfig, face_at

from priorsr.errors import DataError
from priorsr.inference.photographs.face_finding import PhotographFace
from priorsr.inference.photographs.photograph_enlarging import check_enlargeable, enlarge_photograph, finer, soft_mask
from priorsr.inference.pictures.picture import Picture
from priorsr.inference.upscaling.upscaler import Upscaler


@pytest.fixture(scope="module")
def picture() -> Picture:
    noise = np.random.default_rng(0).integers(80, 176, (12, 16, 3), np.uint8)
    return Picture(Image.fromarray(noise).resize((96, 72), Image.Resampling.BICUBIC))


def enlarged(picture: Picture, *faces: PhotographFace, scale: int = 8, **options: float) -> np.ndarray:
    result, _ = enlarge_photograph(picture, faces, Upscaler(Stripes(StripesConfig(**options))), scale)
    return np.asarray(result.image).astype(int)


def bicubic(picture: Picture, scale: int = 8) -> np.ndarray:
    size = tuple(scale * side for side in picture.image.size)
    return np.asarray(picture.image.resize(size, Image.Resampling.BICUBIC)).astype(int)


def test_a_photograph_without_faces_is_enlarged_bicubically(picture: Picture) -> None:
    assert np.array_equal(enlarged(picture, scale=3), bicubic(picture, 3))


def test_the_detail_lies_in_the_face_and_nowhere_else(picture: Picture) -> None:
    added = enlarged(picture, face_at(20, 30, 32)) - bicubic(picture)
    core = added[8 * 30 + 64 : 8 * 30 + 192, 8 * 20 + 64 : 8 * 20 + 192]
    stripes = 25.5 * (1 - 2 * (np.arange(64, 192) // 4 % 2))[None, :, None]
    assert np.corrcoef(core.ravel(), np.broadcast_to(stripes, core.shape).ravel())[0, 1] > 0.97
    assert np.abs(core).mean() == pytest.approx(25.5, rel=0.15)
    added[8 * 30 - 16 : 8 * 62 + 16, 8 * 20 - 16 : 8 * 52 + 16] = 0
    assert not added.any()


def test_what_the_photograph_shows_is_not_replaced(picture: Picture) -> None:
    """Neither another brightness than the photograph's, nor anything that its pixels would show, is taken over."""
    darker = enlarged(picture, face_at(20, 30, 32), amplitude=0, level=-0.2)
    assert np.abs(darker - bicubic(picture)).max() <= 1
    striped = Image.fromarray(enlarged(picture, face_at(20, 30, 32)).astype(np.uint8)).reduce(8)
    plain = Image.fromarray(bicubic(picture).astype(np.uint8)).reduce(8)
    assert np.abs(np.asarray(striped).astype(int) - np.asarray(plain)).max() <= 2


def test_a_face_at_the_edge_and_two_that_meet_are_enlarged(picture: Picture) -> None:
    added = enlarged(picture, face_at(-10, -8, 32), face_at(10, 0, 32)) - bicubic(picture)
    assert np.abs(added[:100, :80]).mean() > 15
    assert np.abs(added[80:180, 8 * 10 + 80 : 8 * 10 + 180]).mean() > 15
    assert np.abs(added).max() < 40  # where both lie, they are not added up


def test_grey_photographs_stay_grey_and_alpha_grows_along(picture: Picture) -> None:
    grey = Picture(picture.image.convert("L"), Image.new("L", picture.image.size, 9))
    result, reports = enlarge_photograph(grey, [face_at(20, 30, 32)], Upscaler(Stripes(StripesConfig())), 4)
    assert (result.image.mode, result.image.size) == ("L", (384, 288))
    assert result.alpha is not None
    assert result.alpha.getextrema() == (9, 9)
    assert reports[0].images is not None


@pytest.mark.parametrize(
    ("face", "why"),
    [
        (PhotographFace((10, 10, 65, 60)), "larger than 64 px"),
        (PhotographFace((90, 10, 20, 20)), "its middle lies outside the photograph"),
        (PhotographFace((-300, 10, 20, 20)), "its middle lies outside the photograph"),
        (PhotographFace((10, 10, 20, 20), np.full((68, 2), 60.0)), "its points do not fit its box"),
        (
            PhotographFace((10, 10, 20, 20), np.random.default_rng(0).normal(500, 9, (68, 2))),
            "its points do not fit its box",
        ),
    ],
)
def test_a_face_that_is_left_is_reported(picture: Picture, face: PhotographFace, why: str) -> None:
    result, (report,) = enlarge_photograph(picture, [face], Upscaler("bicubic"), 2)
    assert (report.face, report.left, report.images) == (face, why, None)
    assert np.array_equal(np.asarray(result.image), bicubic(picture, 2))


def test_a_photograph_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(DataError, match=r"enlarged 8 times it would have 32000 x 24000 pixels; .* a smaller scale"):
        check_enlargeable(Picture(Image.new("L", (4000, 3000))), 8)
    assert check_enlargeable(Picture(Image.new("L", (4000, 3000))), 4) == (16000, 12000)


def test_finer_is_what_fewer_pixels_do_not_show() -> None:
    slope = torch.linspace(0, 1, 128).expand(1, 3, 128, 128)
    checks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(64, 64).expand(1, 3, 128, 128)
    assert finer(slope, 32)[..., 16:-16].abs().max() < 1e-5
    assert (finer(checks, 32) - (checks - 0.5)).abs()[..., 16:-16, 16:-16].max() < 1e-2
    assert finer(checks, 200).abs().max() < 1e-5


def test_the_mask_is_soft_at_the_edge() -> None:
    mask = soft_mask(100)[0, 0]
    assert mask[50, 50] == mask[20, 80] == 1
    assert mask[0].max() < 0.01
    assert mask[50, 7] == pytest.approx(0.5, abs=0.01)
    assert torch.equal(mask, mask.T)
    assert torch.allclose(mask, mask.flip(0), atol=1e-6)
