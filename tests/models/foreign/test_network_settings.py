from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import priorsr
from priorsr.models.foreign.network_settings import settings_hash


class Net(nn.Module):
    def __init__(self, mode: object = "plain", function: object = F.relu, slope: float = 0.1) -> None:
        super().__init__()
        self._mode, self.function = mode, function
        self.inner = nn.ModuleList([nn.LeakyReLU(slope)])

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return F.interpolate(lr, scale_factor=8)


def shifted(by: float):
    return lambda image: image + by


def test_equal_networks_have_one_hash_whatever_their_mode_and_cache() -> None:
    network = Net()
    before = settings_hash(network)
    assert settings_hash(Net().eval()) == before
    network.last = torch.ones(3)
    network.register_buffer("mean", torch.ones(3))
    assert settings_hash(network) == before


@pytest.mark.parametrize(
    "other",
    [
        Net("ensemble"),
        Net(("plain", 1)),
        Net(slope=0.2),
        Net(function=F.gelu),
        Net(function=torch.tanh),
        Net(function=partial(F.relu, inplace=True)),
        Net(function=shifted(0.5)),
        nn.Sequential(Net()),
    ],
)
def test_another_setting_is_another_network(other: nn.Module) -> None:
    assert settings_hash(other) != settings_hash(Net())


def test_functions_differ_by_what_they_close_over() -> None:
    hashes = {settings_hash(Net(function=shifted(by))) for by in (0.5, 0.5, 1.5)}
    assert len(hashes) == 2


def test_a_wrapped_network_has_its_settings_in_its_config() -> None:
    one, other = (priorsr.wrap(Net(mode)).config for mode in ("plain", "ensemble"))
    assert one["settings"] != other["settings"]
    assert one | other == other
