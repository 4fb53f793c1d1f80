"""Refuse wrong inputs of every model and estimator in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import priorsr
from priorsr.containers import Prior
from priorsr.errors import PriorsrError, ShapeError
from priorsr.models import check_images

LR = torch.rand(2, 3, 16, 16)
MODELS = {
    "bicubic": {},
    "encoder_decoder": {"width": 8, "depth": 1},
    "progressive": {},
    "kdfsrnet-teacher": {"preset": "nano"},
    "dic": {"preset": "nano"},
    "pfsr": {"preset": "nano"},
}


def made(name: str) -> nn.Module:
    return priorsr.create("model", name, **MODELS[name]).eval()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("lr", "sentence"),
    [
        (LR.numpy(), r"the LR image is a numpy\.ndarray; a tensor \(B,3,H,W\) in \[0, 1\] was expected"),
        ([LR[0]], r"the LR image is a list; a tensor"),
        (Image.new("RGB", (16, 16)), r"the LR image is a PIL\.Image\.Image; .*priorsr\.upscale takes files, Pillow"),
        ((LR * 255).byte(), "the LR image is uint8; floating point in .* images of 0 to 255 are divided by 255 first"),
        (LR.long(), r"the LR image is int64; floating point in \[0, 1\] was expected$"),
        (LR.permute(0, 2, 3, 1), r"the LR image has shape \(2, 16, 16, 3\); \(B, 3, H, W\) was expected"),
        (LR[0], r"the LR image has shape \(3, 16, 16\)"),
    ],
)
def test_no_model_takes_what_is_no_lr_image(name: str, lr: Any, sentence: str) -> None:
    with pytest.raises(PriorsrError, match=sentence):
        made(name)(lr)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "bicubic"])
def test_images_have_the_dtype_and_the_device_of_the_weights(name: str) -> None:
    model = made(name).bfloat16()
    with pytest.raises(
        PriorsrError, match="the LR image is float32, and the weights are bfloat16; one dtype was expected"
    ):
        model(LR)
    with pytest.raises(
        PriorsrError, match="the device of the LR image is meta, and the model's is cpu; one was expected"
    ):
        model(LR.to("meta"))


def test_within_autocast_any_floating_point_will_do() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        assert made("encoder_decoder")(LR.bfloat16()).sr.shape == (2, 3, 128, 128)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("prior", "sentence"),
    [
        (
            torch.ones(2, 19, 128, 128),
            r"the prior is a torch\.Tensor; a priorsr\.Prior, such as Prior\(parsing=\.\.\.\), was",
        ),
        ((torch.ones(2, 19, 128, 128),), "the prior is a tuple; a priorsr"),
        ({"parsing": None}, "the prior is a dict; a priorsr"),
        (Prior(parsing=np.ones((2, 19, 128, 128))), r"the prior's parsing is a numpy\.ndarray; a tensor was expected"),
        (
            Prior(landmarks=torch.ones(2, 68, 2, device="meta")),
            "the device of the prior's landmarks is meta, and the model's",
        ),
    ],
)
def test_no_model_takes_what_is_no_prior(name: str, prior: Any, sentence: str) -> None:
    with pytest.raises(PriorsrError, match=sentence):
        made(name)(LR, prior)


def test_a_wrapped_network_is_checked_under_its_own_name() -> None:
    def enlarged(lr: Tensor) -> Tensor:
        return lr.repeat_interleave(2, 2).repeat_interleave(2, 3)

    model = priorsr.wrap(enlarged, scale=2, size_multiple=8)
    assert model(LR).sr.shape == (2, 3, 32, 32)
    with pytest.raises(ShapeError, match="enlarged: the LR image is 12 x 16; sides that are multiples of 8"):
        model(LR[:, :, :12])
    with pytest.raises(PriorsrError, match="enlarged: the LR image is uint8"):
        model((LR * 255).byte())


@pytest.mark.parametrize("name", ["hourglass", "distilled_fan", "parsing_net"])
def test_estimators_are_checked_too(name: str) -> None:
    options = {"weights": "untrained"} if name == "parsing_net" else {}
    estimator = priorsr.create("estimator", name, **options)
    with pytest.raises(PriorsrError, match=f"{name}: the image is a numpy.ndarray"):
        estimator(LR.numpy())
    with pytest.raises(PriorsrError, match=f"{name}: the image is float64, and the weights are float32"):
        estimator(LR.double())


def test_a_network_without_weights_takes_any_floating_point() -> None:
    check_images(nn.Identity(), LR.double(), "identity")
