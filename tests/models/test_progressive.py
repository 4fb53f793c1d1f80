"""The progressive skeleton: its steps, its fade, its errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.errors import OptionError, ShapeError
from priorsr.models import Progressive, enlarge, load, save

SMALL = {"widths": (8, 6, 4, 4)}


def model(**options: object) -> Progressive:
    torch.manual_seed(0)
    return priorsr.create("model", "progressive", **SMALL | options).eval()


def test_draws_an_image_at_every_step() -> None:
    lr = torch.rand(2, 3, 4, 6)
    answer = model()(lr)
    assert answer.sr.shape == (2, 3, 32, 48)
    assert [tuple(stage.shape[2:]) for stage in answer.stages] == [(8, 12), (16, 24), (32, 48)]
    assert torch.equal(model()(lr, step=2).sr, answer.stages[1])
    (only,) = model()(lr, step=1).stages
    assert torch.equal(only, answer.stages[0])
    assert torch.equal(answer.stages[-1], answer.sr)


def test_an_early_step_is_the_same_however_far_the_rest_goes() -> None:
    lr, network = torch.rand(1, 3, 4, 4), model()
    for step in (2, 3):
        answer = network(lr, step=step, fade=torch.tensor(0.25))
        earlier = answer.stages[-2].repeat_interleave(2, 2).repeat_interleave(2, 3)
        assert torch.allclose(answer.sr, 0.75 * earlier + 0.25 * network(lr, step=step).sr, atol=1e-6)
    assert torch.equal(network(lr, step=1, fade=0.3).sr, network(lr, step=1).sr)


def test_images_lie_between_minus_one_and_one_inside() -> None:
    network, seen = model(), []
    network.stem.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.upsampler.heads[-1].register_forward_hook(lambda *call: seen.append(call[2]))
    lr = torch.rand(1, 3, 4, 4)
    sr = network(lr).sr
    assert torch.equal(seen[0], 2 * lr - 1)
    assert torch.allclose(sr, (seen[1] + 1) / 2)


def test_with_the_global_residual_it_starts_as_the_enlargement() -> None:
    lr = torch.rand(2, 3, 4, 4)
    answer = model(global_residual=True)(lr)
    assert torch.equal(answer.sr, enlarge(lr, 8))
    assert torch.equal(answer.stages[0], enlarge(lr, 2))


def test_parts_depth_and_scale(tmp_path: Path) -> None:
    network = model(
        widths=(8, 6, 4),
        scale=4,
        depth=(2, 0),
        upsampler=priorsr.Part("transposed", bilinear=True),
        attention="channel",
    )
    lr = torch.rand(1, 3, 4, 4)
    assert network(lr).sr.shape == (1, 3, 16, 16)
    save(network, tmp_path / "a.safetensors")
    assert torch.equal(load(tmp_path / "a.safetensors")(lr).sr, network(lr).sr)


def test_mistakes_are_told() -> None:
    with pytest.raises(OptionError, match=r"widths is \(8, 6\); 4 numbers from 1, for 3 doublings"):
        model(widths=(8, 6))
    with pytest.raises(OptionError, match="the scale is 6; a power of 2"):
        model(scale=6)
    with pytest.raises(OptionError, match=r"depth is \(1, 1\); one number from 0, or 3"):
        model(depth=(1, 1))
    for step in (0, 4):
        with pytest.raises(OptionError, match=f"step is {step}; 1 to 3"):
            model()(torch.rand(1, 3, 4, 4), step=step)
    with pytest.raises(ShapeError, match="the LR image has shape"):
        model()(torch.rand(1, 1, 4, 4))
