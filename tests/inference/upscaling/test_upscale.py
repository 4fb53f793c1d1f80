from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

import priorsr
from priorsr.errors import DataError, OptionError, PriorsrError, ShapeError
from priorsr.inference.upscaling.model_input import ModelInput


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (9, 8, 3), np.uint8))
    return np.asarray(small.resize((160, 180), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def expected(crop: np.ndarray) -> np.ndarray:
    """The bicubic enlargement of the crop's LR image, (144,128,3) in [0, 1]."""
    lr = torch.from_numpy(ModelInput(8).to_lr(crop)).permute(2, 0, 1)[None] / 255
    sr = priorsr.create("model", "bicubic")(lr).sr[0].clamp(0, 1)
    return sr.permute(1, 2, 0).double().numpy()


def test_a_pillow_image_becomes_one_of_its_mode(crop: np.ndarray, expected: np.ndarray) -> None:
    result = priorsr.upscale(Image.fromarray(crop), model="bicubic")
    assert (result.mode, result.size) == ("RGB", (128, 144))
    assert np.array_equal(np.asarray(result), np.rint(expected * 255))
    grey = priorsr.upscale(Image.fromarray(crop).convert("L"), model="bicubic")
    assert (grey.mode, grey.size) == ("L", (128, 144))


def test_a_path_becomes_a_pillow_image_with_what_the_file_carried(
    crop: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, "camera"
    Image.fromarray(crop).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif)
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        result = priorsr.upscale(path, model="bicubic")
        assert np.array_equal(np.asarray(result), np.rint(expected * 255))
        assert dict(result.getexif()) == {ExifTags.Base.Make: "camera"}


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_an_array_becomes_one_of_its_type(dtype: str, crop: np.ndarray, expected: np.ndarray) -> None:
    whole = dtype == "uint8"
    given = crop if whole else (crop / 255).astype(dtype)
    wanted = np.rint(expected * 255) if whole else expected
    found = priorsr.upscale(given, model="bicubic")
    assert found.dtype == dtype
    assert np.abs(found - wanted).max() <= (0 if whole else 1e-3 if dtype == "float16" else 1e-6)
    batch = priorsr.upscale(np.stack([given, given[:, ::-1]]), model="bicubic")
    assert batch.shape == (2, 144, 128, 3)
    assert np.array_equal(batch[0], found)
    assert np.array_equal(priorsr.upscale(given[:, ::-1], model="bicubic"), batch[1])


def test_a_grey_array_stays_grey(crop: np.ndarray) -> None:
    grey = np.asarray(Image.fromarray(crop).convert("L"))
    found = priorsr.upscale(grey, model="bicubic")
    assert found.shape == (144, 128)
    assert np.array_equal(found, np.asarray(priorsr.upscale(Image.fromarray(grey), model="bicubic")))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.bfloat16])
def test_a_tensor_becomes_one_of_its_type(dtype: torch.dtype, crop: np.ndarray, expected: np.ndarray) -> None:
    image = torch.from_numpy(crop.copy()).permute(2, 0, 1)
    given = image if dtype == torch.uint8 else (image / 255).to(dtype)
    found = priorsr.upscale(given, model="bicubic")
    assert (found.dtype, found.shape, found.requires_grad) == (dtype, (3, 144, 128), False)
    wanted = torch.from_numpy(expected).permute(2, 0, 1)
    scaled = found.double() / 255 if dtype == torch.uint8 else found.double()
    assert (scaled - wanted).abs().max() < (0.02 if dtype == torch.bfloat16 else 0.0025)
    assert priorsr.upscale(given[None], model="bicubic").shape == (1, 3, 144, 128)


def test_an_lr_image_is_taken_as_it_is_without_rounding() -> None:
    lr = torch.rand(2, 3, 16, 16)
    bicubic = priorsr.create("model", "bicubic")
    assert torch.equal(priorsr.upscale(lr, model=bicubic), bicubic(lr).sr.clamp(0, 1))
    small = torch.rand(3, 21, 30)
    assert torch.equal(priorsr.upscale(small, model=bicubic, as_is=True), bicubic(small[None]).sr[0].clamp(0, 1))


@pytest.mark.parametrize(
    ("image", "error", "sentence"),
    [
        (np.zeros((4, 4, 2), np.uint8), ShapeError, r"\(4, 4, 2\); \(H, W\), \(H, W, 3\) or \(N, H, W, 3\)"),
        (np.zeros((4, 4, 3), np.uint16), OptionError, "uint16; uint8 or float16 or float32 or float64"),
        (np.full((4, 4, 3), 255.0), OptionError, r"values from 255 to 255; floating numbers in \[0, 1\]"),
        (np.full((4, 4, 3), np.nan), OptionError, "values from nan to nan"),
        (np.zeros((0, 4, 3), np.uint8), ShapeError, r"\(3, 0, 4\)"),
        (torch.zeros(1, 16, 16), ShapeError, r"\(1, 16, 16\); \(3, H, W\) or \(B, 3, H, W\)"),
        (torch.zeros(3, 16, 16, dtype=torch.int64), OptionError, "torch.int64; uint8 or floating"),
        (Image.new("F", (4, 4)), DataError, "the image: has the mode F"),
        ("gone.png", DataError, "gone.png: there is no such file"),
        ([1, 2], OptionError, "upscale was given a list; a path, a Pillow image, a NumPy array or a tensor"),
    ],
)
def test_what_cannot_be_enlarged_is_told(image: object, error: type[PriorsrError], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        priorsr.upscale(image, model="bicubic")
