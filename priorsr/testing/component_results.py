"""Call a component under test, and compare its results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from priorsr.testing.examples import Example, tensors

Check = Callable[[Example], None]


def result_of(example: Example, inputs: Any, module: Any = None) -> list[Tensor]:
    """Return the tensors of a component's result, computed without gradients; build it unless `module` is given."""
    module = module or example.build()
    torch.manual_seed(1)
    with torch.no_grad():
        return tensors(module(*inputs))


def assert_equal(given: list[Tensor], wanted: list[Tensor], message: str, tolerance: float = 0.0) -> None:
    """Raise AssertionError unless tensors agree, up to a tolerance relative to the largest value."""
    assert len(given) == len(wanted), f"{message}: {len(given)} tensors instead of {len(wanted)}"
    for a, b in zip(given, wanted, strict=True):
        assert a.shape == b.shape, f"{message}: {tuple(a.shape)} instead of {tuple(b.shape)}"
        if a.numel() and a.is_floating_point():
            error = (a - b).abs().max() / b.abs().max().clamp(min=1e-12)
            assert error <= tolerance, f"{message}: off by {error:.1e} of the largest value"
