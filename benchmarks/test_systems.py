"""The four networks at the size of their papers: `python -m pytest benchmarks/test_systems.py`.

Inference, plain and accelerated, and a training step. A first run compiles each network, for a minute or two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

from benchmarks.cases.systems import SystemCase, images, inference_case, system_cases
from benchmarks.sections.systems import inference, our_step, plain_step
from priorsr.inference import accelerate

BATCHES = {"cpu": (1, 4), "cuda": (1, 64)}
TRAINING_BATCH = {"cpu": 4, "cuda": 16}

Pair = Callable[[SystemCase, torch.device], tuple[nn.Module, nn.Module]]


@pytest.fixture(scope="module")
def pair() -> Pair:
    """The plain network and ours on a device, made once."""
    return cache(lambda case, device: tuple(module.to(device) for module in case.pair()))


@pytest.mark.parametrize("variant", ["plain", "plain, bf16 autocast", "accelerated"])
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("case", system_cases(), ids=lambda case: case.name)
def test_inference(
    case: SystemCase, many: bool, variant: str, device: torch.device, pair: Pair, bench: Callable[..., None]
) -> None:
    network, ours = pair(case, device)
    lr = images(BATCHES[device.type][many]).to(device)
    if variant == "accelerated":
        fast = accelerate(ours, batch_size=len(lr))
        run = lambda: fast(lr)  # noqa: E731  # the call is all that there is
    else:
        run = inference(network, lr, autocast=variant != "plain")
    bench(run, group=f"{case.name}, {inference_case(len(lr))}", variant=variant)


@pytest.mark.parametrize("variant", ["plain", "ours"])
@pytest.mark.parametrize("case", system_cases(), ids=lambda case: case.name)
def test_training_step(case: SystemCase, variant: str, device: torch.device, bench: Callable[..., None]) -> None:
    if case.name == "dic" and device.type == "cpu":
        pytest.skip("a training step of DIC takes most of a minute on two cores")
    network, ours = (module.to(device).train() for module in case.pair())
    lr = images(TRAINING_BATCH[device.type]).to(device)
    hr = images(len(lr), 128).to(device)
    run = plain_step(network, lr, hr) if variant == "plain" else our_step(ours, lr, hr)
    bench(run, group=f"{case.name}, training step, batch {len(lr)}", variant=variant)
