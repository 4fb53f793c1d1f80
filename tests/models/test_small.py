"""The preset `small` of the four systems: what weights that are offered can weigh, and what trains it."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.training import stable_decay

SYSTEMS = ("dic", "kdfsrnet", "pfsr", "pkdn")


@pytest.mark.parametrize("name", SYSTEMS)
def test_small_takes_4_megabytes_in_half_precision(name: str) -> None:
    model = priorsr.create("model", name, preset="small").eval()
    megabytes = sum(2 * value.numel() for value in model.state_dict().values()) / 1e6
    assert 3 < megabytes < 4.1
    with torch.no_grad():
        assert model(torch.rand(1, 3, 16, 16)).sr.shape == (1, 3, 128, 128)


@pytest.mark.parametrize("name", SYSTEMS)
def test_small_trains_the_small_network_with_a_final_decay(name: str) -> None:
    stage = priorsr.create("recipe", name, preset="small").stages()[-1]
    wanted = priorsr.create("model", name, preset="small").config
    assert wanted in [getattr(module, "config", None) for module in stage.modules.values()]
    assert all(isinstance(optimiser.schedule, type(stable_decay())) for optimiser in stage.optimisers.values())
