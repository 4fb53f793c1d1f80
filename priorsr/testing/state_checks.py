"""Checks that nothing of one call, or of one image, reaches another."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.testing.component_results import assert_equal, result_of
from priorsr.testing.examples import Example, map_tensors, tensors


def inputs_unchanged(example: Example) -> None:
    """The call does not change its arguments."""
    inputs = example.inputs(2, False)
    before = map_tensors(Tensor.clone, inputs)
    result_of(example, inputs)
    assert_equal(tensors(inputs), tensors(before), f"{example.name}: changes its arguments")


def same_result_twice(example: Example) -> None:
    """A second call returns the same bits: there is no hidden state, and in eval mode no randomness."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        first = tensors(module(*inputs))
        first = [tensor.clone() for tensor in first]
        second = tensors(module(*inputs))
    assert_equal(second, first, f"{example.name}: the second call returns another result")


def another_batch_size(example: Example) -> None:
    """A batch of three gives the same result after a batch of two as in a new component, in training too."""
    inputs = example.inputs(3, False)
    for training in (False, True):
        module, fresh = example.build().train(training), example.build().train(training)
        result_of(example, example.inputs(2, False), module)
        try:
            result = result_of(example, inputs, module)
        except RuntimeError as error:
            raise AssertionError(f"{example.name}: fails at another batch size: {error}") from error
        wanted = result_of(example, inputs, fresh)
        assert_equal(result, wanted, f"{example.name}: another result after another batch size")


def permuted_batch(example: Example) -> None:
    """A permuted batch gives the permuted result in eval mode: no image depends on the others."""
    inputs, order = example.inputs(3, False), torch.tensor([2, 0, 1])
    result = result_of(example, inputs)
    permuted = result_of(example, map_tensors(lambda tensor: tensor[order], inputs))
    wanted = [tensor[order] if tensor.ndim else tensor for tensor in result]
    assert_equal(permuted, wanted, f"{example.name}: depends on the order of the batch", 1e-5)


def state_dict_round_trip(example: Example) -> None:
    """A second instance with the same state dict returns the same result: the state dict holds all that was learnt."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            generator = torch.Generator().manual_seed(index)
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    other = example.build(seed=1)
    other.load_state_dict(module.state_dict())
    wanted = result_of(example, inputs, module)
    assert_equal(result_of(example, inputs, other), wanted, f"{example.name}: its state dict")
