from __future__ import annotations

import pytest
import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels import channel_gate


@pytest.fixture
def inputs() -> tuple[Tensor, ...]:
    """x and residual (2,5,3,7), then W1, b1, W2, b2 with 2 hidden channels that are on; float64."""
    torch.manual_seed(0)
    shapes = ((2, 5, 3, 7), (2, 5, 3, 7), (2, 5), (2,), (5, 2), (5,))
    x, residual, w1, b1, w2, b2 = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    return x, residual, w1, b1.abs() + 2, w2, b2


def gate_of(x: Tensor, residual: Tensor | None, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    return channel_gate(x, residual, (w1, b1), (w2, b2))


def test_it_is_the_formula_of_its_readme(inputs: tuple[Tensor, ...]) -> None:
    x, residual, w1, b1, w2, b2 = inputs
    found, bare = gate_of(*inputs), gate_of(x, None, *inputs[2:])
    for b in range(2):
        mean = torch.tensor([x[b, c].mean() for c in range(5)], dtype=torch.float64)
        gate = 1 / (1 + torch.exp(-(w2 @ (w1 @ mean + b1).clamp(min=0) + b2)))
        for c in range(5):
            torch.testing.assert_close(bare[b, c], gate[c] * x[b, c])
            torch.testing.assert_close(found[b, c], gate[c] * x[b, c] + residual[b, c])


def test_every_gradient_is_right(inputs: tuple[Tensor, ...]) -> None:
    assert torch.autograd.gradcheck(gate_of, tuple(tensor.requires_grad_() for tensor in inputs))


def test_the_gradient_is_that_of_its_readme(inputs: tuple[Tensor, ...]) -> None:
    x, _, w1, b1, w2, b2 = leaves = tuple(tensor.requires_grad_() for tensor in inputs)
    y = gate_of(*leaves)
    e = torch.randn_like(y)
    found = torch.autograd.grad(y, leaves, e)
    with torch.no_grad():
        m = x.mean((2, 3))
        u = m @ w1.T + b1
        g = (u.relu() @ w2.T + b2).sigmoid()
        dz = (e * x).sum((2, 3)) * g * (1 - g)
        du = (dz @ w2) * (u > 0)
        dx = g[:, :, None, None] * e + (du @ w1)[:, :, None, None] / x[0, 0].numel()
        wanted = (dx, e, du.T @ m, du.sum(0), dz.T @ u.relu(), dz.sum(0))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_misfits_are_told(inputs: tuple[Tensor, ...]) -> None:
    x, residual, w1, b1, w2, b2 = inputs
    with pytest.raises(ShapeError, match=r"weights and biases have shapes .*\(R, 5\), \(R,\), \(5, R\) and \(5,\)"):
        gate_of(x, residual, w1, b1, w2.T, b2)
    with pytest.raises(ShapeError, match="x and residual have shapes"):
        gate_of(x, residual[:1], w1, b1, w2, b2)
    with pytest.raises(ShapeError, match="was expected"):
        gate_of(x[0], None, w1, b1, w2, b2)
    with pytest.raises(OptionError, match=r"channel gate: a tensor has dtype torch.int64; floating-point numbers"):
        gate_of(x.long(), residual, w1, b1, w2, b2)
