"""The contract checks: what every component must hold, whoever wrote it.

Each takes an example, and raises AssertionError, or lets out what the component itself raises.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import torch
from torch import Tensor

from priorsr.containers import Prior, SROutput
from priorsr.description import own_doc
from priorsr.errors import PriorsrError
from priorsr.kinds import KINDS
from priorsr.options import local_options, option_types
from priorsr.testing.answers import Check, answer_of, assert_equal
from priorsr.testing.examples import Example, cast, floating, is_of_sets, map_tensors, spoilt, tensors
from priorsr.testing.recipe_checks import resumes_exactly, stages_learn
from priorsr.testing.score_checks import (
    half_precision_is_close,
    numbers_for_odd_faces,
    one_number_an_image,
    values_in_range,
)

REACHING = ("weights", "checkpoint", "fetch", "download", "path", "file", "folder", "url", "cache")


def answer_type(example: Example) -> None:
    """The result has the type of the kind: a tensor; for a model an SROutput; for an estimator (Prior, state)."""
    answer = example.build()(*example.inputs(2, False))
    if example.kind == "estimator":
        assert isinstance(answer, tuple), f"{example.name}: returns a {type(answer).__name__}, not (Prior, state)"
        assert len(answer) == 2, f"{example.name}: returns {len(answer)} values, not (Prior, state)"
        answer = answer[0]
    wanted = {"estimator": Prior, "model": SROutput}.get(example.kind, Tensor)
    assert isinstance(answer, wanted), f"{example.name}: returns a {type(answer).__name__}, not {wanted.__name__}"


def shapes(example: Example) -> None:
    """The result has the shapes that the kind prescribes."""
    inputs = example.inputs(2, False)
    for answer, wanted in zip(answer_of(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(answer.shape) == wanted, f"{example.name}: returns {tuple(answer.shape)}, not {wanted}"


def finite_answers(example: Example) -> None:
    """The result is finite for random arguments and, except for scores, for arguments that are all zero.

    Black images and empty maps occur. A PriorsrError that explains what is wrong with them passes too.
    """
    module, inputs = example.build(), example.inputs(2, False)
    given = {"random arguments": inputs}
    if example.kind != "score":  # which may be infinite there
        given["arguments that are all zero"] = map_tensors(floating(torch.zeros_like), inputs)
    for what, arguments in given.items():
        try:
            answer = answer_of(example, arguments, module)
        except PriorsrError:
            if arguments is inputs:
                raise
            continue
        assert all(tensor.isfinite().all() for tensor in answer), f"{example.name}: is not finite for {what}"


def odd_sizes(example: Example) -> None:
    """The result has the prescribed shapes for sides that are no powers of two."""
    inputs = example.inputs(2, True)
    for answer, wanted in zip(answer_of(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(answer.shape) == wanted, (
            f"{example.name}: returns {tuple(answer.shape)} at odd sizes, not {wanted}"
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
                answer = example.build().to(dtype)(*inputs)
        except RuntimeError as error:
            if dtype == torch.bfloat16 and "not implemented for" in str(error):
                continue
            raise
        for found, wanted in zip(tensors(answer), tensors(cast(answer, wide)), strict=True):
            assert found.dtype == wanted.dtype, f"{example.name}: returns {found.dtype} for {dtype}"


def device_follows_input(example: Example) -> None:
    """The result lies on the input's device, tried with the meta device: no tensor inside is created on the CPU.

    A score of sets returns a number, so only its handling of the images is tried.
    """
    inputs = map_tensors(lambda tensor: tensor.to("meta"), example.inputs(2, False))
    try:
        answer = answer_of(example, inputs, example.build().to("meta"))
    except RuntimeError as error:
        if is_of_sets(example.component) and "meta tensor" in str(error):
            return  # it has come to its number, which the meta device has not
        raise AssertionError(f"{example.name}: mixes devices: {error}") from error
    of_sets = is_of_sets(example.component)
    there = of_sets or all(tensor.is_meta for tensor in answer)
    assert there, f"{example.name}: returns a tensor on the CPU for input on another device"


def inputs_unchanged(example: Example) -> None:
    """The call does not change its arguments."""
    inputs = example.inputs(2, False)
    before = map_tensors(Tensor.clone, inputs)
    answer_of(example, inputs)
    assert_equal(tensors(inputs), tensors(before), f"{example.name}: changes its arguments")


def same_answer_twice(example: Example) -> None:
    """A second call returns the same bits: there is no hidden state, and in eval mode no randomness."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        first = tensors(module(*inputs))
        first = [tensor.clone() for tensor in first]
        second = tensors(module(*inputs))
    assert_equal(second, first, f"{example.name}: the second call returns another result")


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


def another_batch_size(example: Example) -> None:
    """A batch of three gives the same result after a batch of two as in a new component, in training too."""
    inputs = example.inputs(3, False)
    for training in (False, True):
        module, fresh = example.build().train(training), example.build().train(training)
        answer_of(example, example.inputs(2, False), module)
        try:
            answer = answer_of(example, inputs, module)
        except RuntimeError as error:
            raise AssertionError(f"{example.name}: fails at another batch size: {error}") from error
        wanted = answer_of(example, inputs, fresh)
        assert_equal(answer, wanted, f"{example.name}: another result after another batch size")


def permuted_batch(example: Example) -> None:
    """A permuted batch gives the permuted result in eval mode: no image depends on the others."""
    inputs, order = example.inputs(3, False), torch.tensor([2, 0, 1])
    answer = answer_of(example, inputs)
    permuted = answer_of(example, map_tensors(lambda tensor: tensor[order], inputs))
    wanted = [tensor[order] if tensor.ndim else tensor for tensor in answer]
    assert_equal(permuted, wanted, f"{example.name}: depends on the order of the batch", 1e-5)


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


def state_dict_round_trip(example: Example) -> None:
    """A second instance with the same state dict returns the same result: the state dict holds all that was learnt."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            generator = torch.Generator().manual_seed(index)
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    other = example.build(seed=1)
    other.load_state_dict(module.state_dict())
    wanted = answer_of(example, inputs, module)
    assert_equal(answer_of(example, inputs, other), wanted, f"{example.name}: its state dict")


def bad_shapes_raise(example: Example) -> None:
    """One channel too many, or one image too few, in any argument raises a PriorsrError.

    So the user gets a sentence about wrong shapes, and tensors are never broadcast by mistake.
    """
    for how, inputs in spoilt(example.inputs(2, False)):
        try:
            answer_of(example, inputs)
        except PriorsrError:
            continue
        except Exception as error:
            raise AssertionError(f"{example.name}: {how} raises {type(error).__name__}: {error}") from error
        raise AssertionError(f"{example.name}: {how} is accepted")


def local_options_are_declared(example: Example) -> None:
    """Options that access local files or the network are declared in `local`, so no weights file can set them."""
    known, local = option_types(example.component), local_options(example.component)
    for name, kind in known.items():
        reaching = name in REACHING or "Path" in kind
        assert not reaching or name in local, (
            f"{example.name}: its option {name!r} accesses local files or the network, and is not declared: "
            f"local = {{{name!r}: its value if a weights file builds the component}}"
        )


def residual_is_added(example: Example) -> None:
    """An attention adds the residual, if given, to the attended x."""
    x, residual = example.inputs(2, False)
    (attended,), (added,) = answer_of(example, (x,)), answer_of(example, (x, residual))
    assert_equal([added], [attended + residual], f"{example.name}: with a residual, its result is not the sum", 1e-5)


def declares_its_facts(example: Example) -> None:
    """A model declares `config`, the integers `scale` and `size_multiple`, and `prior`: none, optional or required."""
    model = example.build()
    config = getattr(model, "config", None)
    assert isinstance(config, example.component.Config), f"{example.name}: its `config` is {config!r}"  # type: ignore[attr-defined]
    for fact in ("scale", "size_multiple"):
        value = getattr(model, fact, None)
        assert isinstance(value, int), f"{example.name}: its `{fact}` is {value!r}, and an integer was expected"
        assert value > 0, f"{example.name}: its `{fact}` is {value}, and 1 or more was expected"
    prior = getattr(model, "prior", None)
    assert prior in ("none", "optional", "required"), f"{example.name}: its `prior` is {prior!r}"


def prior_as_declared(example: Example) -> None:
    """A model that requires a prior raises a PriorsrError without one; every other model runs without one."""
    model, (lr, _) = example.build(), example.inputs(2, False)
    if getattr(model, "prior", None) != "required":
        answer_of(example, (lr, None), model)
        return
    try:
        answer_of(example, (lr, None), model)
    except PriorsrError:
        return
    raise AssertionError(f"{example.name}: declares that it requires a prior, and runs without one")


def teacher_is_detached(example: Example) -> None:
    """A distillation loss sends no gradient to the teacher."""
    student, teacher = example.inputs(2, False)
    teacher = [tensor.requires_grad_() for tensor in teacher]
    example.build()([tensor.requires_grad_() for tensor in student], teacher).backward()
    assert all(tensor.grad is None for tensor in teacher), f"{example.name}: sends a gradient to the teacher"


def docstring_headings(example: Example) -> None:
    """The class docstring describes the component, and has lines Shapes:, Range: and Source: (a recipe: Source:)."""
    doc = inspect.cleandoc(example.component.__doc__ or "")  # its own: an inherited one speaks of another class
    for heading in HEADINGS.get(example.kind, ("Shapes:", "Range:", "Source:")):
        found = any(line.startswith(heading) for line in doc.splitlines())
        assert found, f"{example.name}: the docstring has no line {heading!r}"


def options_are_documented(example: Example) -> None:
    """The docstring of the class or of its config names every option, except the keywords of the kind."""
    config: Any = getattr(example.component, "Config", None)
    documented = [example.component, *(config.__mro__ if isinstance(config, type) else ())]
    words = set(re.findall(r"\w+", " ".join(map(own_doc, documented))))
    options = [option for option in option_types(example.component) if option not in KINDS[example.kind].keywords]
    missing = [option for option in options if option not in words]
    assert not missing, f"{example.name}: the docstring does not name the options {', '.join(missing)}"


def _loss(answer: Any) -> Tensor:
    """Return a scalar that depends on every element of the result, on each differently."""
    found = [tensor for tensor in tensors(answer) if tensor.is_floating_point()]
    parts = [(t * torch.linspace(-1, 1, t.numel()).view_as(t) if t.ndim else t).sum() for t in found]
    return torch.stack(parts).sum()


CHECKS: tuple[Check, ...] = (
    answer_type,
    shapes,
    finite_answers,
    odd_sizes,
    dtype_follows_input,
    device_follows_input,
    inputs_unchanged,
    same_answer_twice,
    second_backward,
    another_batch_size,
    permuted_batch,
    every_parameter_has_a_gradient,
    state_dict_round_trip,
    bad_shapes_raise,
    local_options_are_declared,
    docstring_headings,
    options_are_documented,
)
ALSO: dict[str, tuple[Check, ...]] = {
    "attention": (residual_is_added,),
    "distillation": (teacher_is_detached,),
    "model": (declares_its_facts, prior_as_declared),
    "score": (one_number_an_image, values_in_range, half_precision_is_close, numbers_for_odd_faces),
}
_TRAINED = (second_backward, every_parameter_has_a_gradient)
INSTEAD: dict[str, tuple[Check, ...]] = {
    "recipe": (stages_learn, resumes_exactly, docstring_headings, options_are_documented),
    "score": tuple(check for check in CHECKS if check not in _TRAINED),  # nothing learns from a score
}
HEADINGS = {"recipe": ("Source:",)}


def checks_of(kind: str) -> tuple[Check, ...]:
    """Return the checks that components of a kind must pass."""
    return INSTEAD.get(kind, CHECKS) + ALSO.get(kind, ())
