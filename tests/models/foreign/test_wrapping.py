"""Any network or function as a model."""

from __future__ import annotations

import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import priorsr
from priorsr.errors import OptionError, PriorsrError, WrongKindError

LR = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def nearest(lr: torch.Tensor) -> torch.Tensor:
    return F.interpolate(lr, scale_factor=8)


def no_lr() -> torch.Tensor:
    return LR


class Shuffled(nn.Module):
    """A network of somebody's, which returns a tuple."""

    def __init__(self, scale: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, lr: torch.Tensor) -> tuple[torch.Tensor, str]:
        return self.body(lr), "more"


def test_a_function_and_a_module_become_models() -> None:
    assert torch.equal(priorsr.wrap(nearest)(LR).sr, nearest(LR))
    network = Shuffled()
    wrapped = priorsr.wrap(network)
    assert torch.equal(wrapped(LR).sr, network(LR)[0])
    assert (wrapped.kind, wrapped.prior, wrapped.scale, wrapped.config["scale"]) == ("model", "none", 8, 8)


def test_a_network_of_a_smaller_scale_is_followed_by_bicubic_enlargement() -> None:
    network = Shuffled(4)
    wrapped = priorsr.wrap(network, network_scale=4)
    wanted = F.interpolate(network(LR)[0], (128, 128), mode="bicubic", align_corners=False)
    assert torch.equal(wrapped(LR).sr, wanted)
    assert wrapped.config.items() >= {"scale": 8, "network_scale": 4, "rest": "bicubic"}.items()


def test_a_model_of_priorsr_stays_what_it_is() -> None:
    model = priorsr.create("model", "bicubic")
    assert priorsr.wrap(model) is model


@pytest.mark.parametrize(
    ("network", "options", "error", "reason"),
    [
        (Shuffled, {}, WrongKindError, "a module or a function was expected"),
        ("a name", {}, WrongKindError, "'a name' cannot be wrapped"),
        (nearest, {"scale": 0}, OptionError, "scale is 0"),
        (nearest, {"scale": 4, "network_scale": 8}, OptionError, "network_scale is 8"),
    ],
)
def test_what_cannot_be_wrapped_is_told(network, options, error, reason: str) -> None:
    with pytest.raises(error, match=reason):
        priorsr.wrap(network, **options)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Shuffled(4), r"Shuffled returns \(2, 3, 64, 64\) for LR images \(2, 3, 16, 16\); \(2, 3, 128, 128\)"),
        (lambda lr: lr.mean(), r"returns a Tensor of shape \(\); SR images"),
        (lambda lr: {"sr": lr}, "returns a dict; SR images"),
        (no_lr, r"no_lr raises TypeError: no_lr\(\) takes 0 .* for LR images \(2, 3, 16, 16\)"),
        (lambda _: sys.exit(0), "raises SystemExit: 0 for LR images"),
    ],
)
def test_another_output_is_told_when_it_is_called(network, reason: str) -> None:
    with pytest.raises(PriorsrError, match=reason):
        priorsr.wrap(network)(LR)
