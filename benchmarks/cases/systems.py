"""The four systems: the plain network, and ours with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks import plain
from priorsr_dic.model import DIC
from priorsr_kdfsrnet.model import KDFSRNet
from priorsr_pfsr.model import PFSR
from priorsr_pkdn.config import PKDNConfig
from priorsr_pkdn.model import PKDN


@dataclass(frozen=True)
class SystemCase:
    """One system, as it is after training, at the size of its paper.

    build: the plain network. convert: ours, in eval mode, with the plain one's weights.
    """

    name: str
    build: Callable[[], nn.Module]
    convert: Callable[[nn.Module], nn.Module]

    def pair(self, seed: int = 0) -> tuple[nn.Module, nn.Module]:
        """Return the plain network with random weights, and ours with the same, both in eval mode."""
        torch.manual_seed(seed)
        network = self.build().eval()
        return network, self.convert(network).eval()


def images(batch: int, side: int = 16, seed: int = 0) -> Tensor:
    """Random LR images (B,3,side,side) in [0, 1]."""
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(seed))


def inference_case(batch: int, side: int = 16) -> str:
    """Return the name in tables of a number of images."""
    return f"{side} to {8 * side} px, batch {batch}"


def _kdfsrnet(network: nn.Module) -> nn.Module:
    config, state = KDFSRNet.released[0].convert(network.state_dict())
    return _filled(KDFSRNet(config), state)


def _dic(network: nn.Module) -> nn.Module:
    config, state = DIC.released[0].convert(network.state_dict())
    return _filled(DIC(replace(config, steps=network.steps)), state)  # no checkpoint says how many steps


def _pfsr(network: nn.Module) -> nn.Module:
    config, state = PFSR.released[0].convert(network.state_dict())
    return _filled(PFSR(config), state)


def _pkdn(network: nn.Module) -> nn.Module:
    """Rename the stages of PKDN, which are named as KDFSRNet's, so that its converter knows them."""
    state = network.state_dict()
    rest = {key: state.pop(key) for key in list(state) if key.startswith("retention.")}
    config, stages = KDFSRNet.released[0].convert(state)
    return _filled(PKDN(PKDNConfig(depth=config.depth)), stages | rest)


def _filled(model: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    model.load_state_dict(state)
    return model


def system_cases(*, small: bool = False) -> tuple[SystemCase, ...]:
    """KDFSRNet and PKDN (students), DIC, PFSR (generator); small: shallow and narrow."""
    kdfsrnet, dic, pfsr, pkdn = SMALL if small else (plain.KDFSRNet, plain.DIC, plain.PFSR, plain.PKDN)
    return (
        SystemCase("kdfsrnet", kdfsrnet, _kdfsrnet),
        SystemCase("dic", dic, _dic),
        SystemCase("pfsr", pfsr, _pfsr),
        SystemCase("pkdn", pkdn, _pkdn),
    )


SMALL = (
    partial(plain.KDFSRNet, 1),
    partial(plain.DIC, 16, 2, 2, 7, 16),
    partial(plain.PFSR, 32),
    partial(plain.PKDN, 1),
)
