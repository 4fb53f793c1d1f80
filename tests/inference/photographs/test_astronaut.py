"""Enlarge a photograph of a face, with the shipped weights: NASA's portrait of Eileen Collins, in the public domain."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from PIL import Image

import priorsr
from priorsr.inference.photographs.face_finding import PhotographFace, dlib_finder
from priorsr.inference.photographs.photograph_enlarging import enlarge_photograph
from priorsr.inference.pictures.picture import Picture
from priorsr.inference.upscaling.upscaler import Upscaler

FACE = (slice(60, 196), slice(160, 296))  # from the fringe to the chin, in the portrait's 512 px
FIVE = np.array([[202, 100], [245, 103], [224, 125], [199, 138], [243, 140]]) / 4  # eyes, nose, corners of the mouth


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    from skimage.data import astronaut

    return Image.fromarray(astronaut())


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    if "pkdn" not in priorsr.weights_names() or "pkdn" not in priorsr.names("model"):
        pytest.skip("priorsr-weights and priorsr-pkdn are not installed")
    return Upscaler("pkdn")


def psnr(image: Image.Image, portrait: Image.Image) -> float:
    difference = (np.asarray(image, float) - np.asarray(portrait))[FACE] / 255
    return float(-10 * np.log10((difference**2).mean()))


@pytest.mark.parametrize("points", [FIVE, None])
def test_a_given_face_comes_closer_to_the_truth_than_bicubic(
    points: np.ndarray | None, portrait: Image.Image, upscaler: Upscaler
) -> None:
    small = portrait.reduce(4)
    face = PhotographFace((43, 21, 27, 27), points)
    result, _ = enlarge_photograph(Picture(small), [face], upscaler, 4)
    bicubic = small.resize(portrait.size, Image.Resampling.BICUBIC)
    assert psnr(result.image, portrait) > psnr(bicubic, portrait) + 0.5


def test_a_face_that_dlib_finds_comes_closer_to_the_truth_than_bicubic(
    portrait: Image.Image, upscaler: Upscaler
) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("priorsr_dlib", "dlib", "face_recognition_models")):
        pytest.skip("priorsr-dlib is not installed, with dlib and its models")
    small = portrait.reduce(4)
    faces = dlib_finder()(np.asarray(small))
    result, (report,) = enlarge_photograph(Picture(small), faces, upscaler, 4)
    assert not report.left
    assert psnr(result.image, portrait) > psnr(small.resize(portrait.size, Image.Resampling.BICUBIC), portrait) + 0.5
