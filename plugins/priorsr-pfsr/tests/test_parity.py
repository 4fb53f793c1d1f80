"""Our networks answer as the released ones do, on the same weights, to 1e-5 of each output's largest value."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from priorsr.models import convert_released
from priorsr.testing.golden import golden_state
from priorsr_pfsr.config import DiscriminatorConfig
from priorsr_pfsr.discriminator import Discriminator
from priorsr_pfsr.fan import DistilledFAN
from priorsr_pfsr.model import PFSR

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 1e-5
CASES = ["step1_alphafull", "step2_alphafull", "step2_alpha0.3", "step3_alphafull", "step3_alpha0.3"]


def released(name: str) -> tuple[dict[str, Tensor], np.lib.npyio.NpzFile]:
    golden = np.load(GOLDEN / f"pfsr_{name}.npz")
    return golden_state(json.loads(str(golden["spec"]))), golden


def random(seed: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape).astype(np.float32))


def assert_close(found: Tensor, golden: np.ndarray) -> None:
    wanted = torch.from_numpy(golden)
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() / wanted.abs().max() < TOLERANCE


def call(case: str) -> dict[str, float]:
    step, fade = re.fullmatch(r"step(\d)_alpha(.*)", case).groups()
    return {"step": int(step), "fade": 1.0 if fade == "full" else float(fade)}


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> PFSR:
    state, _ = released("generator")
    path = tmp_path_factory.mktemp("released") / "generator.pth"
    torch.save({"step": 3, "model_state_dict": {f"module.{key}": value for key, value in state.items()}}, path)
    model, layout = convert_released(path)
    assert layout == "PFSR generator"
    assert isinstance(model, PFSR)
    return model


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_the_generator_answers_as_released(generator: PFSR, case: str) -> None:
    _, golden = released("generator")
    sr = generator(random(3, 2, 3, 16, 16), **call(case)).sr
    assert_close(2 * sr - 1, golden[case])


@torch.no_grad()
def test_the_earlier_steps_images_come_along(generator: PFSR) -> None:
    _, golden = released("generator")
    first, second, _ = generator(random(3, 2, 3, 16, 16), fade=0.3).stages
    assert_close(2 * first - 1, golden["step1_alphafull"])
    assert_close(2 * second - 1, golden["step2_alphafull"])


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    """With released weights, whose names are read here alone: it is no part of what is used after training.

    Its last layers are in float64, since its answer is a sum that nearly cancels: in float32 the order of summation
    alone moves it by 1e-5.
    """
    state, _ = released("discriminator")
    names = {"linear": "linear1", "linear2": "linear2", "equal_conv.conv": "conv"}
    ours = {}
    for key, value in state.items():
        path, _, leaf = key.rpartition(".")
        if match := re.fullmatch(r"step(\d)\.0\.conv\.(\d)\.conv", path):
            path = f"blocks.{int(match[1]) - 1}.{match[2]}"
        ours[f"{names.get(path, path)}.{leaf.removesuffix('_orig')}"] = value
    network = Discriminator(DiscriminatorConfig())
    network.load_state_dict(ours)
    for layer in (network.conv, network.linear1, network.linear2):
        layer.double()
    network.conv.register_forward_pre_hook(lambda _, inputs: tuple(x.double() for x in inputs))
    return network


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_the_discriminator_answers_as_released(discriminator: Discriminator, case: str) -> None:
    _, golden = released("discriminator")
    step = call(case)["step"]
    side = 16 * 2**step
    images = random(10 + step, 4, 3, side, side)
    assert_close(discriminator(images, **call(case)).float(), golden[case])


@torch.no_grad()
def test_the_distilled_fan_answers_as_released(tmp_path: Path) -> None:
    state, golden = released("distilled_fan")
    torch.save({"model_state_dict": state}, tmp_path / "fan.pth")
    fan, layout = convert_released(tmp_path / "fan.pth")
    assert layout == "PFSR distilled FAN"
    assert isinstance(fan, DistilledFAN)
    prior, _ = fan(random(4, 1, 3, 32, 32))
    assert_close(prior.heatmaps, golden["heatmaps"])
