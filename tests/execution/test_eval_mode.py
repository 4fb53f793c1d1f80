"""A module comes back in the modes that it was in, one by one."""

from __future__ import annotations

from torch import nn

from priorsr.execution.eval_mode import in_eval_mode


def test_every_module_comes_back_as_it_was() -> None:
    network = nn.Sequential(nn.Dropout(), nn.BatchNorm2d(2)).train()
    network[1].eval()
    with in_eval_mode(network):
        assert not any(module.training for module in network.modules())
    assert [module.training for module in network.modules()] == [True, True, False]
