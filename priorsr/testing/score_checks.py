"""Checks of scores: one number for each image, within declared bounds, for odd images and every precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from priorsr.errors import PriorsrError
from priorsr.testing.component_results import assert_equal, result_of
from priorsr.testing.examples import Example, Inputs, cast, is_of_sets


def one_number_an_image(example: Example) -> None:
    """The result has one number for each image, or one for the whole set. `higher_is_better` is a bool."""
    better = example.component.higher_is_better  # type: ignore[attr-defined]  # a fact of the kind
    assert isinstance(better, bool), f"{example.name}: declares higher_is_better = {better!r}; a bool was expected"
    module = example.build()
    for batch in (2, 3) if is_of_sets(example.component) else (1, 3):
        inputs = example.inputs(batch, False)
        found = [tuple(values.shape) for values in result_of(example, inputs, module)]
        assert found == example.shapes(inputs), f"{example.name}: returns {found} for a batch of {batch}"


def values_in_range(example: Example) -> None:
    """A score declares its least and greatest value in `bounds`, and stays within them, for odd faces too."""
    low, high = _bounds(example)
    module = example.build()
    for what, inputs in {"random images": example.inputs(3, False), **dict(_odd_faces(example))}.items():
        try:
            (values,) = result_of(example, inputs, module)
        except PriorsrError:
            continue
        for value in values.reshape(-1).tolist():
            slack = 1e-5 * max(abs(value), 1) if math.isfinite(value) else 0
            outside = not math.isnan(value) and not low - slack <= value <= high + slack
            assert not outside, f"{example.name}: is {value:g} for {what}, and its bounds are {low:g} and {high:g}"


def _bounds(example: Example) -> tuple[float, float]:
    bounds: Any = getattr(example.component, "bounds", None)
    numbers = isinstance(bounds, tuple) and len(bounds) == 2 and all(isinstance(b, int | float) for b in bounds)
    ordered = numbers and bounds[0] < bounds[1]
    assert ordered, f"{example.name}: declares bounds = {bounds!r}; its least and greatest value were expected"
    return bounds[0], bounds[1]


def half_precision_is_close(example: Example) -> None:
    """Images in bfloat16 and float64 give the same result as in float32, up to rounding.

    So a score computes in float32 at least, and models in half precision are scored like others.
    """
    inputs = cast(example.inputs(2, False), torch.bfloat16)
    module = example.build()
    wanted = result_of(example, cast(inputs, torch.float32), module)
    for dtype in (torch.bfloat16, torch.float64):
        found = [tensor.to(torch.float32) for tensor in result_of(example, cast(inputs, dtype), module)]
        assert_equal(found, wanted, f"{example.name}: images in {dtype} instead of float32", 1e-3)


def numbers_for_odd_faces(example: Example) -> None:
    """A score returns a number or infinity, never NaN, for black, white and equal images.

    A PriorsrError that explains why a face has no score passes too.
    """
    module = example.build()
    for what, inputs in _odd_faces(example):
        try:
            result = result_of(example, inputs, module)
        except PriorsrError:
            continue
        assert not any(values.isnan().any() for values in result), f"{example.name}: is NaN for {what}"


def _odd_faces(example: Example) -> Iterator[tuple[str, Inputs]]:
    sr, hr, *beside = example.inputs(2, False)
    black, white = torch.zeros_like(hr), torch.ones_like(hr)
    pairs: dict[str, tuple[Tensor, Tensor]] = {
        "equal images": (hr, hr),
        "equal black images": (black, black),
        "black SR images": (black, hr),
        "white SR images": (white, hr),
        "black HR images": (sr, black),
    }
    for what, images in pairs.items():
        yield what, (*images, *beside)
