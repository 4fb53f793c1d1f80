"""Checks of what a component returns: its type, shapes, values, dtype and device."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.containers import Prior, SROutput
from priorsr.errors import PriorsrError, raised
from priorsr.testing.component_results import assert_equal, result_of
from priorsr.testing.examples import Example, cast, floating, is_of_sets, map_tensors, spoilt, tensors


def result_type(example: Example) -> None:
    """The result has the type of the kind: a tensor; for a model an SROutput; for an estimator (Prior, state)."""
    result = example.build()(*example.inputs(2, False))
    if example.kind == "estimator":
        assert isinstance(result, tuple), f"{example.name}: returns a {type(result).__name__}, not (Prior, state)"
        assert len(result) == 2, f"{example.name}: returns {len(result)} values, not (Prior, state)"
        result = result[0]
    wanted = {"estimator": Prior, "model": SROutput}.get(example.kind, Tensor)
    assert isinstance(result, wanted), f"{example.name}: returns a {type(result).__name__}, not {wanted.__name__}"


def shapes(example: Example) -> None:
    """The result has the shapes that the kind prescribes."""
    inputs = example.inputs(2, False)
    for result, wanted in zip(result_of(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(result.shape) == wanted, f"{example.name}: returns {tuple(result.shape)}, not {wanted}"


def finite_results(example: Example) -> None:
    """The result is finite for random arguments and, except for scores, for arguments that are all zero.

    Black images and empty maps occur. A PriorsrError that explains what is wrong with them passes too.
    """
    module, inputs = example.build(), example.inputs(2, False)
    given = {"random arguments": inputs}
    if example.kind != "score":  # which may be infinite there
        given["arguments that are all zero"] = map_tensors(floating(torch.zeros_like), inputs)
    for what, arguments in given.items():
        try:
            result = result_of(example, arguments, module)
        except PriorsrError:
            if arguments is inputs:
                raise
            continue
        assert all(tensor.isfinite().all() for tensor in result), f"{example.name}: is not finite for {what}"


def odd_sizes(example: Example) -> None:
    """The result has the prescribed shapes for sides that are no powers of two."""
    inputs = example.inputs(2, True)
    for result, wanted in zip(result_of(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(result.shape) == wanted, (
            f"{example.name}: returns {tuple(result.shape)} at odd sizes, not {wanted}"
        )


def dtype_follows_input(example: Example) -> None:
    """The result has the dtype of the input, float64 or bfloat16; losses and scores return float32 for bfloat16.

    Landmarks are always float32. Operations that PyTorch lacks in bfloat16 on a CPU are skipped.
    """
    for dtype in (torch.float64, torch.bfloat16):
        wide = torch.promote_types(dtype, torch.float32) if example.kind in ("distillation", "score") else dtype
        inputs = cast(example.inputs(2, False), dtype)
        try:
            with torch.no_grad():
                result = example.build().to(dtype)(*inputs)
        except RuntimeError as error:
            if dtype == torch.bfloat16 and "not implemented for" in str(error):
                continue
            raise
        for found, wanted in zip(tensors(result), tensors(cast(result, wide)), strict=True):
            assert found.dtype == wanted.dtype, f"{example.name}: returns {found.dtype} for {dtype}"


def device_follows_input(example: Example) -> None:
    """The result lies on the input's device, tried with the meta device: no tensor inside is created on the CPU.

    A score of sets returns a number, so only its handling of the images is tried.
    """
    inputs = map_tensors(lambda tensor: tensor.to("meta"), example.inputs(2, False))
    try:
        result = result_of(example, inputs, example.build().to("meta"))
    except RuntimeError as error:
        if is_of_sets(example.component) and "meta tensor" in str(error):
            return  # it has come to its number, which the meta device has not
        raise AssertionError(f"{example.name}: mixes devices: {error}") from error
    of_sets = is_of_sets(example.component)
    there = of_sets or all(tensor.is_meta for tensor in result)
    assert there, f"{example.name}: returns a tensor on the CPU for input on another device"


def residual_is_added(example: Example) -> None:
    """An attention adds the residual, if given, to the attended x."""
    x, residual = example.inputs(2, False)
    (attended,), (added,) = result_of(example, (x,)), result_of(example, (x, residual))
    assert_equal([added], [attended + residual], f"{example.name}: with a residual, its result is not the sum", 1e-5)


def prior_as_declared(example: Example) -> None:
    """A model that requires a prior raises a PriorsrError without one; every other model runs without one."""
    model, (lr, _) = example.build(), example.inputs(2, False)
    if getattr(model, "prior", None) != "required":
        result_of(example, (lr, None), model)
        return
    try:
        result_of(example, (lr, None), model)
    except PriorsrError:
        return
    raise AssertionError(f"{example.name}: declares that it requires a prior, and runs without one")


def bad_shapes_raise(example: Example) -> None:
    """One channel too many, or one image too few, in any argument raises a PriorsrError.

    So the user gets a sentence about wrong shapes, and tensors are never broadcast by mistake.
    """
    for how, inputs in spoilt(example.inputs(2, False)):
        try:
            result_of(example, inputs)
        except PriorsrError:
            continue
        except Exception as error:
            raise AssertionError(f"{example.name}: {how} raises {raised(error)}") from error
        raise AssertionError(f"{example.name}: {how} is accepted")
