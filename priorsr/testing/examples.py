"""Examples of each kind for the checks: how to build a component, its arguments, and the shapes of its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from priorsr.building import build
from priorsr.config import presets_of
from priorsr.containers import Batch, Prior
from priorsr.metrics import Reduction
from priorsr.models.prior_map import PRIOR_CHANNELS

Inputs = tuple[Any, ...]
CHANNELS = 16


@dataclass(frozen=True)
class Example:
    """A component under test, with the arguments and shapes that its kind prescribes.

    inputs: (batch, odd) -> arguments, random but the same each time; odd asks for sides that are no power of two.
    shapes: the arguments -> the prescribed shapes of the tensors in the result, in order.
    """

    kind: str
    name: str
    component: type
    options: Mapping[str, Any]
    inputs: Callable[[int, bool], Inputs]
    shapes: Callable[[Inputs], list[tuple[int, ...]]]

    def create(self, seed: int = 0) -> Any:
        """Build the component by its preset nano, or its options, with the same random weights for the same seed."""
        torch.manual_seed(seed)
        return build(self.kind, self.component, preset=_preset(self.component), who=self.name, options=self.options)

    def build(self, seed: int = 0) -> nn.Module:
        """Build the component as a module in eval mode, none of whose parameters is all zero."""
        module = self.create(seed)
        if not isinstance(module, nn.Module):
            raise AssertionError(f"{self.name}: is a {type(module).__name__}, and an nn.Module was expected")
        for parameter in module.parameters():  # nothing may hide behind a gate that starts at zero
            if parameter.ndim and not parameter.any():
                nn.init.normal_(parameter, std=0.02)
        return _OfASet(module).eval() if is_of_sets(self.component) else module.eval()


class _OfASet(nn.Module):
    """A score of sets, called with one set, so that it can be checked like a score of images."""

    def __init__(self, score: Any) -> None:
        super().__init__()
        self.score = score

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        seen = self.score.start()
        seen.add(sr, hr)
        return torch.tensor(seen.value(), dtype=torch.promote_types(sr.dtype, torch.float32))


def is_of_sets(component: type) -> bool:
    """Return whether a score is one number for a whole set."""
    return getattr(component, "level", "image") == "set"


def tensors(value: Any) -> list[Tensor]:
    """Return every tensor in a nested value, in order."""
    return [leaf for leaf in _pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Return a nested value with the function applied to every tensor."""
    return _pytree.tree_map_only(Tensor, function, value)


def floating(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the function for floating tensors, the identity for others."""
    return lambda tensor: function(tensor) if tensor.is_floating_point() else tensor


def cast(value: Any, dtype: torch.dtype) -> Any:
    """Return a nested value with every floating tensor in `dtype`, except a Prior's landmarks (always float32)."""

    def cast_leaf(leaf: Any) -> Any:
        changed = map_tensors(floating(lambda tensor: tensor.to(dtype)), leaf)
        return changed._replace(landmarks=map_tensors(Tensor.float, leaf.landmarks)) if _is_prior(leaf) else changed

    return _pytree.tree_map(cast_leaf, value, is_leaf=_is_prior)


def spoilt(inputs: Inputs) -> Iterator[tuple[str, Inputs]]:
    """Yield the arguments with one of them spoilt, and how: one channel too many, or one image too few.

    A prior is spoilt as a whole, since a component need not look at all of it.
    """
    leaves, spec = _pytree.tree_flatten(inputs, is_leaf=_is_prior)
    given = [index for index, leaf in enumerate(leaves) if tensors(leaf)]
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "one channel too many": lambda tensor: torch.cat([tensor, tensor[:, :1]], 1)
    }
    if len(given) > 1:
        ways["one image too few"] = lambda tensor: tensor[:-1]
    for index in given:
        for how, way in ways.items():
            changed = [map_tensors(way, leaf) if index == i else leaf for i, leaf in enumerate(leaves)]
            yield f"{how} in tensor {index + 1}", _pytree.tree_unflatten(changed, spec)


def _is_prior(value: Any) -> bool:
    return isinstance(value, Prior)


def example_of(kind: str, name: str, component: type) -> Example:
    """Return the example by which a component of a kind is checked."""
    return Example(kind, f"{kind} {name!r}", component, *_TABLE[kind](component))


def _preset(component: type) -> str | None:
    return "nano" if "nano" in presets_of(getattr(component, "Config", object)) else None


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _fusion(component: Any) -> tuple:
    prior_channels = PRIOR_CHANNELS[component.prior]

    def inputs(batch: int, odd: bool) -> Inputs:
        side = 9 if odd else 8
        return _random(batch, CHANNELS, side, side + odd), _random(batch, prior_channels, 16, 16).softmax(1)

    options = {"channels": CHANNELS, "prior_channels": prior_channels}
    return options, inputs, lambda given: [tuple(given[0].shape)]


def _attention(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 9 if odd else 8
        return _random(batch, CHANNELS, side, side + odd), _random(batch, CHANNELS, side, side + odd) + 1

    return {"channels": CHANNELS}, inputs, lambda given: [tuple(given[0].shape)]


def _retention(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 10 if odd else 8
        retained = [_random(batch, CHANNELS, s, s) for s in (2 * side, side, side // 2)]
        return _random(batch, CHANNELS, side, side), retained

    options = {"channels": (CHANNELS,) * 3, "target_channels": CHANNELS}
    return options, inputs, lambda given: [tuple(given[0].shape)]


def _upsampler(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        return (_random(batch, CHANNELS, 5 if odd else 4, 7 if odd else 4),)

    def shapes(given: Inputs) -> list[tuple[int, ...]]:
        batch, _, height, width = given[0].shape
        return [(batch, 8, 2 * height, 2 * width)]

    return {"in_channels": CHANNELS, "out_channels": 8, "scale": 2}, inputs, shapes


def _distillation(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        sides = (9, 5) if odd else (8, 4)
        student = [_random(batch, CHANNELS, side, side) for side in sides]
        return student, [feature.flip(1) + 0.5 for feature in student]

    options = {"student_channels": (CHANNELS,) * 2, "teacher_channels": (CHANNELS,) * 2}
    return options, inputs, lambda _: [()]


def _estimator(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        return (_random(batch, 3, 96 if odd else 64, 64).sigmoid(),)

    return {}, inputs, lambda _: []


def _score(component: Any) -> tuple:
    needs = getattr(component, "needs", ())

    def inputs(batch: int, odd: bool) -> Inputs:
        side = 136 if odd and needs else 129 if odd else 128
        beside = {
            "lr": _random(batch, 3, side // 8, side // 8).sigmoid(),
            "reduction": Reduction(side // 8 * 8, 8, "pil-bicubic", True),
            "ids": tuple(map(str, range(batch))),
            "shared": None,
        }
        sr, hr = _random(batch, 3, side, side).sigmoid(), _random(batch, 3, side, side).flip(1).sigmoid()
        return sr, hr, *(beside[name] for name in needs)

    return {}, inputs, lambda given: [() if is_of_sets(component) else (given[0].shape[0],)]


def _model(component: Any) -> tuple:
    config = component.Config
    model = component(config(**presets_of(config).get("nano", {})))
    scale, multiple = getattr(model, "scale", 1), getattr(model, "size_multiple", 1)  # a check reports missing ones

    def inputs(batch: int, odd: bool) -> Inputs:
        sides = [multiple * -(-side // multiple) for side in ((5, 7) if odd else (4, 4))]
        lr = _random(batch, 3, *sides).sigmoid()
        if getattr(model, "prior", "none") == "none":
            return lr, None
        height, width = (scale * side for side in sides)
        landmarks = torch.stack([_random(batch, 68).sigmoid() * width, _random(batch, 68).sigmoid() * height], -1)
        parsing = _random(batch, 19, height, width).mul(3).softmax(1)
        return lr, Prior(parsing, landmarks, torch.ones(batch, 68, dtype=torch.bool))

    def shapes(given: Inputs) -> list[tuple[int, ...]]:
        batch, channels, height, width = given[0].shape
        return [(batch, channels, scale * height, scale * width)]

    return {}, inputs, shapes


def _recipe(_: Any) -> tuple:
    def inputs(batch: int, odd: bool) -> Inputs:
        side = 18 if odd else 16
        landmarks = _random(batch, 68, 2).sigmoid() * 8 * side
        parsing = _random(batch, 19, 8 * side, 8 * side).mul(3).softmax(1)
        prior = Prior(parsing, landmarks, torch.ones(batch, 68, dtype=torch.bool))
        lr, hr = _random(batch, 3, side, side).sigmoid(), _random(batch, 3, 8 * side, 8 * side).sigmoid()
        return (Batch(lr, hr, prior, tuple(map(str, range(batch)))),)

    return {}, inputs, lambda _: []


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
