"""Small models to accelerate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from priorsr.containers import Batch, Prior, SROutput


@dataclass(frozen=True)
class ToyConfig:
    """An offset that is added before the last layer and taken off after it: large ones cost digits."""

    offset: float = 0.0


class Toy(nn.Module):
    """Enlarges by 2 to the nearest and adds what a few layers see; `strength` scales it, `half` stops before it."""

    kind = "model"
    Config = ToyConfig
    scale, prior, size_multiple = 2, "none", 1

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.PReLU(), nn.Conv2d(4, 3, 3, padding=1)
        )
        self.identity = nn.Conv2d(3, 3, 1)
        nn.init.dirac_(self.identity.weight)
        nn.init.zeros_(self.identity.bias)

    def forward(
        self,
        lr: Tensor,
        prior: Prior | None = None,  # a model's call
        *,
        strength: Tensor | None = None,
        half: bool = False,
        with_features: bool = False,
    ) -> SROutput:
        enlarged = F.interpolate(lr, scale_factor=2, mode="nearest")
        added = self.layers(enlarged / 8)
        added = added if strength is None else added * strength  # a second scalar is folded wrongly by torch 2.11
        sr = enlarged if half else self.identity(enlarged + added + self.config.offset) - self.config.offset
        return SROutput(sr, stages=(enlarged, sr), features=(added,) if with_features else ())


def toy(offset: float = 0.0) -> Toy:
    """A toy with the same weights each time."""
    torch.manual_seed(0)
    return Toy(ToyConfig(offset))


def with_weights(model: nn.Module) -> nn.Module:
    """Return a model whose parameters that start at zero, which would hide the rest, are drawn."""
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    return model.eval()


@torch.no_grad()
def assert_same_results(form: nn.Module, model: nn.Module, faces: Batch) -> None:
    """Fail unless a form of a model returns what the model does, in the same structure, to 1e-4."""
    prior = faces.prior if model.prior == "required" else None
    expected, result = model(faces.lr, prior), form(faces.lr, prior)
    assert type(result) is type(expected)
    for wanted, got in zip(tree_leaves(expected), tree_leaves(result), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
