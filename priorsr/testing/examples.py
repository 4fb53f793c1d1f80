"""For each kind: how to build a component for a check, what to call it with, and the shapes it must answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from priorsr.config import presets_of
from priorsr.registry import build
from priorsr.types import Batch, Prior

Inputs = tuple[Any, ...]
CHANNELS = 16
PRIOR_CHANNELS = {"parsing": 19, "heatmaps": 68, "any": 19}


@dataclass(frozen=True)
class Example:
    """A component under test, with what its kind says of it.

    inputs: (batch, odd) -> arguments, random but the same each time; odd asks for sides that are no power of two.
    shapes: the arguments -> the shapes of the tensors in the answer that the kind prescribes, in order.
    spoilt: arguments -> arguments whose first tensor has a shape that the component must refuse.
    """

    kind: str
    name: str
    component: type
    options: Mapping[str, Any]
    inputs: Callable[[int, bool], Inputs]
    shapes: Callable[[Inputs], list[tuple[int, ...]]]
    spoilt: Callable[[Inputs], Inputs]

    def create(self, seed: int = 0) -> Any:
        """The component as its preset nano, or its options, make it, with the same random weights for a seed."""
        torch.manual_seed(seed)
        return build(self.kind, self.component, preset=_preset(self.component), who=self.name, options=self.options)

    def build(self, seed: int = 0) -> nn.Module:
        """The component as a module in eval mode, no parameter of which is all zero."""
        module = self.create(seed)
        if not isinstance(module, nn.Module):
            raise AssertionError(f"{self.name}: is a {type(module).__name__}, and an nn.Module was expected")
        for parameter in module.parameters():  # nothing may hide behind a gate that starts at zero
            if parameter.ndim and not parameter.any():
                nn.init.normal_(parameter, std=0.02)
        return module.eval()


def tensors(value: Any) -> list[Tensor]:
    """Every tensor in a nested value, in order."""
    return [leaf for leaf in _pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """A nested value with every tensor replaced by the function's answer."""
    return _pytree.tree_map_only(Tensor, function, value)


def floating(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function for floating tensors, the identity for others."""
    return lambda tensor: function(tensor) if tensor.is_floating_point() else tensor


def example_of(kind: str, name: str, component: type) -> Example:
    """The example by which a component of a kind is checked."""
    options, inputs, shapes, spoilt = _TABLE[kind](component)
    return Example(kind, f"{kind} {name!r}", component, options, inputs, shapes, spoilt)


def _preset(component: type) -> str | None:
    return "nano" if "nano" in presets_of(getattr(component, "Config", object)) else None


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _spoil_channels(inputs: Inputs) -> Inputs:
    """One channel too many in the first tensor."""
    first, spec = _pytree.tree_flatten(inputs)
    first[0] = torch.cat([first[0], first[0][:, :1]], 1)
    return _pytree.tree_unflatten(first, spec)


def _fusion(component: Any) -> tuple:
    prior_channels = PRIOR_CHANNELS[component.prior]

    def inputs(batch: int, odd: bool) -> Inputs:
        side = 9 if odd else 8
        return _random(batch, CHANNELS, side, side + odd), _random(batch, prior_channels, 16, 16).softmax(1)

    options = {"channels": CHANNELS, "prior_channels": prior_channels}
    return options, inputs, lambda given: [tuple(given[0].shape)], _spoil_channels


def _attention(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 9 if odd else 8
        return _random(batch, CHANNELS, side, side + odd), _random(batch, CHANNELS, side, side + odd) + 1

    return {"channels": CHANNELS}, inputs, lambda given: [tuple(given[0].shape)], _spoil_channels


def _retention(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 10 if odd else 8
        retained = [_random(batch, CHANNELS, s, s) for s in (2 * side, side, side // 2)]
        return _random(batch, CHANNELS, side, side), retained

    options = {"channels": (CHANNELS,) * 3, "target_channels": CHANNELS}
    return options, inputs, lambda given: [tuple(given[0].shape)], _spoil_channels


def _upsampler(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        return (_random(batch, CHANNELS, 5 if odd else 4, 7 if odd else 4),)

    def shapes(given: Inputs) -> list[tuple[int, ...]]:
        batch, _, height, width = given[0].shape
        return [(batch, 8, 2 * height, 2 * width)]

    return {"in_channels": CHANNELS, "out_channels": 8, "scale": 2}, inputs, shapes, _spoil_channels


def _distillation(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        sides = (9, 5) if odd else (8, 4)
        student = [_random(batch, CHANNELS, side, side) for side in sides]
        return student, [feature.flip(1) + 0.5 for feature in student]

    options = {"student_channels": (CHANNELS,) * 2, "teacher_channels": (CHANNELS,) * 2}
    return options, inputs, lambda _: [()], _spoil_channels


def _estimator(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        return (_random(batch, 3, 96 if odd else 64, 64).sigmoid(),)

    return {}, inputs, lambda _: [], _spoil_channels


def _score(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 129 if odd else 128
        return _random(batch, 3, side, side).sigmoid(), _random(batch, 3, side, side + 0).flip(1).sigmoid()

    return {}, inputs, lambda given: [(given[0].shape[0],)], _spoil_channels


def _model(component: Any) -> tuple:
    config = component.Config
    model = component(config(**presets_of(config).get("nano", {})))
    scale, multiple = model.scale, model.size_multiple

    def inputs(batch: int, odd: bool) -> Inputs:
        sides = [multiple * -(-side // multiple) for side in ((5, 7) if odd else (4, 4))]
        lr = _random(batch, 3, *sides).sigmoid()
        if model.prior == "none":
            return lr, None
        height, width = (scale * side for side in sides)
        landmarks = torch.stack([_random(batch, 68).sigmoid() * width, _random(batch, 68).sigmoid() * height], -1)
        parsing = _random(batch, 19, height, width).mul(3).softmax(1)
        return lr, Prior(parsing, landmarks, torch.ones(batch, 68, dtype=torch.bool))

    def shapes(given: Inputs) -> list[tuple[int, ...]]:
        batch, channels, height, width = given[0].shape
        return [(batch, channels, scale * height, scale * width)]

    return {}, inputs, shapes, _spoil_channels


def _recipe(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 6 if odd else 4
        landmarks = _random(batch, 68, 2).sigmoid() * 8 * side
        parsing = _random(batch, 19, 8 * side, 8 * side).mul(3).softmax(1)
        prior = Prior(parsing, landmarks, torch.ones(batch, 68, dtype=torch.bool))
        lr, hr = _random(batch, 3, side, side).sigmoid(), _random(batch, 3, 8 * side, 8 * side).sigmoid()
        return (Batch(lr, hr, prior, tuple(map(str, range(batch)))),)

    return {}, inputs, lambda _: [], _spoil_channels


_TABLE: dict[str, Callable[[Any], tuple]] = {
    "fusion": _fusion,
    "attention": _attention,
    "retention": _retention,
    "upsampler": _upsampler,
    "distillation": _distillation,
    "estimator": _estimator,
    "model": _model,
    "recipe": _recipe,
    "score": _score,
}
