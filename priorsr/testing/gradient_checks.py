"""Checks of gradients: which tensors get them, and that they can be computed again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from priorsr.testing.component_results import assert_equal
from priorsr.testing.examples import Example, floating, map_tensors, tensors


def second_backward(example: Example) -> None:
    """A second forward and backward in training gives the same gradients: no graph is kept between calls."""
    module, inputs = example.build().train(), example.inputs(2, False)
    gradients = []
    for _ in range(2):
        module.zero_grad()
        torch.manual_seed(1)
        leaves = map_tensors(floating(lambda tensor: tensor.detach().requires_grad_()), inputs)
        loss = _loss(module(*leaves))
        if not loss.requires_grad:
            raise AssertionError(f"{example.name}: the result depends differentiably on nothing")
        try:
            loss.backward()
        except RuntimeError as error:
            raise AssertionError(f"{example.name}: backward fails: {error}") from error
        moved = [*tensors(leaves), *module.parameters()]
        gradients.append([tensor.grad.clone() for tensor in moved if tensor.grad is not None])
    assert_equal(gradients[1], gradients[0], f"{example.name}: other gradients at the second backward", 1e-6)


def every_parameter_has_a_gradient(example: Example) -> None:
    """Every parameter that requires a gradient gets a finite one, which is not all zero for some random weights."""
    module = example.build()
    idle = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
    for seed in range(4):  # a gate's few hidden units may all be off for one draw of the weights
        if not idle:
            return
        module = example.build(seed)
        _loss(module(*example.inputs(2, False))).backward()
        for name in sorted(idle):
            gradient = module.get_parameter(name).grad
            assert gradient is not None, f"{example.name}: the parameter {name} gets no gradient"
            assert gradient.isfinite().all(), f"{example.name}: the gradient of {name} is not finite"
            if gradient.any():
                idle.remove(name)
    assert not idle, f"{example.name}: the gradient of {', '.join(sorted(idle))} is zero"


def teacher_is_detached(example: Example) -> None:
    """A distillation loss sends no gradient to the teacher."""
    student, teacher = example.inputs(2, False)
    teacher = [tensor.requires_grad_() for tensor in teacher]
    example.build()([tensor.requires_grad_() for tensor in student], teacher).backward()
    assert all(tensor.grad is None for tensor in teacher), f"{example.name}: sends a gradient to the teacher"


def _loss(result: Any) -> Tensor:
    """Return a scalar that depends on every element of the result, on each differently."""
    found = [tensor for tensor in tensors(result) if tensor.is_floating_point()]
    parts = [(t * torch.linspace(-1, 1, t.numel()).view_as(t) if t.ndim else t).sum() for t in found]
    return torch.stack(parts).sum()
