"""Checkpoints of DIC in all their wrappings, and those that only resemble them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import priorsr
from priorsr.errors import DataError
from priorsr.models import convert_released, save
from priorsr.registry import Part
from priorsr.testing import golden_state

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def released() -> dict[str, Tensor]:
    return golden_state(json.loads(str(np.load(GOLDEN / "dic_small.npz")["spec"])))


def test_the_config_is_read_off_the_weights(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "dic.pth")
    config = convert_released(tmp_path / "dic.pth")[0].config
    assert (config.scale, config.width, config.groups, config.projection, config.steps) == (8, 16, 3, 8, 4)
    assert (config.landmarks, config.hourglass_width, config.hourglass_depth) == (68, 32, 4)
    assert config.fusion == Part("landmark_attentive", depth=2)


def test_a_training_checkpoint_holds_the_generator_among_others(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "alone.pth")
    wrapped = {
        "netD": {"weight": torch.ones(1)},
        "netG": {f"module.{k}": v for k, v in released.items()},
        "iteration": 9,
    }
    torch.save(wrapped, tmp_path / "training.pth")
    alone, training = (convert_released(tmp_path / f"{name}.pth")[0].state_dict() for name in ("alone", "training"))
    assert alone.keys() == training.keys()
    assert all(torch.equal(alone[key], training[key]) for key in alone)


def test_what_is_converted_is_saved_and_loaded(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "dic.pth")
    model, _ = convert_released(tmp_path / "dic.pth")
    save(model, tmp_path / "dic.safetensors")
    lr = torch.rand(1, 3, 8, 8)
    assert torch.equal(priorsr.load(tmp_path / "dic.safetensors")(lr).sr, model(lr).sr)


def test_misfits_are_told(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({key: value for key, value in released.items() if key != "conv_out.0.weight"}, tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"a\.pth: .*layout 'DIC or DICGAN' \(KeyError: 'conv_out.0.weight'"):
        convert_released(tmp_path / "a.pth")
    torch.save(released | {"block.upBlocks.9.1.bias": torch.ones(1)}, tmp_path / "b.pth")
    with pytest.raises(DataError, match=r"b\.pth: the tensor"):
        convert_released(tmp_path / "b.pth")
