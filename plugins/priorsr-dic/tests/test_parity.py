"""Our networks answer as the released ones do, on the same weights, to 1e-5 of each output's largest value."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from priorsr.models import convert_released
from priorsr.testing import golden_state
from priorsr_dic.discriminator import Discriminator
from priorsr_dic.mean_shift import MEAN_COLOUR
from priorsr_dic.model import DIC

GOLDEN = Path(__file__).parent / "golden"
MEAN = torch.tensor(MEAN_COLOUR).view(1, 3, 1, 1)


def image(seed: int, *shape: int) -> Tensor:
    """The released networks' input, which is less the mean colour, as an image."""
    return torch.from_numpy((np.random.default_rng(seed).random(shape) - 0.437).astype(np.float32)) + MEAN


def error(found: Tensor, golden: np.ndarray) -> float:
    wanted = torch.from_numpy(golden)
    assert found.shape == wanted.shape
    return ((found - wanted).abs().max() / wanted.abs().max()).item()


@pytest.mark.parametrize("name", ["small", "full"])
@torch.no_grad()
def test_dic_answers_as_released(name: str, tmp_path: Path) -> None:
    golden = np.load(GOLDEN / f"dic_{name}.npz")
    released = tmp_path / "released.pth"
    torch.save(golden_state(json.loads(str(golden["spec"]))), released)
    model, layout = convert_released(released)
    assert layout == "DIC or DICGAN"
    assert isinstance(model, DIC)

    few_steps = DIC(replace(model.config, steps=json.loads(str(golden["meta"]))["config"]["num_steps"])).eval()
    few_steps.load_state_dict(model.state_dict())
    answer = few_steps(image(5, 1, 3, 16, 16))
    for key in golden.files:
        if key.startswith("sr"):
            assert error(answer.stages[int(key[2:])] - MEAN, golden[key]) < 1e-5, key
        elif key.startswith("heatmap"):
            assert error(answer.heatmaps[int(key[7:])], golden[key]) < 1e-5, key
    assert torch.equal(answer.sr, answer.stages[-1])


@torch.no_grad()
def test_the_discriminator_answers_as_released() -> None:
    golden = np.load(GOLDEN / "dic_lightcnn_discriminator.npz")
    discriminator = Discriminator()
    discriminator.load_state_dict(golden_state(json.loads(str(golden["spec"]))))
    assert error(discriminator(image(11, 2, 3, 128, 128)), golden["logit"]) < 1e-5
