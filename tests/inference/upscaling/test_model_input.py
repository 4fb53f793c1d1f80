from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import priorsr
from priorsr.data.reduction import reduce
from priorsr.errors import DataError, PriorsrError
from priorsr.inference.upscaling.model_input import ModelInput


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_a_crop_of_the_hr_size_is_reduced_as_a_benchmark_reduces_it() -> None:
    crop = noise(128, 128)
    for kernel in ("pil-bicubic", "bilinear-chain", "matlab-bicubic"):
        assert np.array_equal(ModelInput(8, reduction=kernel).to_lr(crop), reduce(crop, 8, kernel))


def test_a_crop_of_another_size_is_brought_to_the_hr_size_before() -> None:
    crop = noise(300, 300)
    hr = np.asarray(Image.fromarray(crop).resize((128, 128), Image.Resampling.LANCZOS))
    assert np.array_equal(ModelInput(8).to_lr(crop), reduce(hr, 8, "pil-bicubic"))


def test_a_crop_of_the_lr_size_stays_as_it_is_and_any_does_if_told_so() -> None:
    for shape in ((16, 16), (16, 20), (24, 16)):
        assert np.array_equal(ModelInput(8).to_lr(noise(*shape)), noise(*shape))
    assert np.array_equal(ModelInput(8).to_lr(noise(31, 57), as_is=True), noise(31, 57))


@pytest.mark.parametrize(
    ("size", "multiple", "lr"),
    [
        ((128, 128), 1, (16, 16)),
        ((218, 178), 2, (20, 16)),
        ((218, 178), 1, (20, 16)),
        ((178, 218), 4, (16, 20)),
        ((100, 1000), 2, (16, 160)),
        ((1, 1), 2, (16, 16)),
        ((10, 9), 8, (16, 16)),
    ],
)
def test_the_aspect_is_kept_as_far_as_the_model_allows(
    size: tuple[int, int], multiple: int, lr: tuple[int, int]
) -> None:
    taken = ModelInput(8, multiple)
    assert taken.lr_size(*size) == lr
    assert taken.to_lr(noise(*size)).shape == (*lr, 3)


def test_a_result_that_is_too_large_is_refused() -> None:
    with pytest.raises(DataError, match="the result would have 2056 x 2048 pixels"):
        ModelInput(8).to_lr(noise(256, 257), as_is=True)
    with pytest.raises(DataError, match="the result would have 256000 x 128 pixels"):
        ModelInput(8).to_lr(noise(1, 2000))


def test_a_model_tells_what_it_takes_and_its_card_how_it_was_trained() -> None:
    model = priorsr.create("model", "encoder_decoder", width=8, depth=0, levels=4, scale=4)
    assert ModelInput.of(model) == ModelInput(4, 4, 16, "pil-bicubic")
    model.card = {"hr_size": 72, "reduction": "bilinear-chain"}
    assert ModelInput.of(model) == ModelInput(4, 4, 20, "bilinear-chain")
    model.card = {"hr_size": "large", "reduction": ["blind"]}
    assert ModelInput.of(model) == ModelInput(4, 4, 16, "pil-bicubic")
    model.card = {"hr_size": 128, "reduction": "blind-3"}
    assert ModelInput.of(model) == ModelInput(4, 4, 32, "pil-bicubic")


def test_a_model_that_requires_a_prior_is_refused() -> None:
    teacher = priorsr.create("model", "encoder_decoder", width=8, depth=0, fusion="concat")
    with pytest.raises(PriorsrError, match="EncoderDecoder requires a prior"):
        ModelInput.of(teacher)
