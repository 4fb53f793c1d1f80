"""The contract checks: what every component must hold, whoever wrote it.

Each takes an example, and raises AssertionError, or lets out what the component itself raises.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from priorsr.containers import Prior, SROutput
from priorsr.errors import PriorsrError
from priorsr.options import local_options, option_types
from priorsr.testing.examples import Example, cast, floating, map_tensors, spoilt, tensors
from priorsr.training import Progress, StepResult

Check = Callable[[Example], None]
REACHING = ("weights", "checkpoint", "fetch", "download", "path", "file", "folder", "url", "cache")


def _answer(example: Example, inputs: Any, module: Any = None) -> list[Tensor]:
    module = module or example.build()
    torch.manual_seed(1)
    with torch.no_grad():
        return tensors(module(*inputs))


def _assert_equal(given: list[Tensor], wanted: list[Tensor], message: str, tolerance: float = 0.0) -> None:
    assert len(given) == len(wanted), f"{message}: {len(given)} tensors instead of {len(wanted)}"
    for a, b in zip(given, wanted, strict=True):
        assert a.shape == b.shape, f"{message}: {tuple(a.shape)} instead of {tuple(b.shape)}"
        if a.numel() and a.is_floating_point():
            error = (a - b).abs().max() / b.abs().max().clamp(min=1e-12)
            assert error <= tolerance, f"{message}: off by {error:.1e} of the largest value"


def answer_type(example: Example) -> None:
    """The answer is what the kind says: a tensor; of a model an SROutput; of an estimator (Prior, state)."""
    answer = example.build()(*example.inputs(2, False))
    if example.kind == "estimator":
        assert isinstance(answer, tuple), f"{example.name}: answers a {type(answer).__name__}, not (Prior, state)"
        assert len(answer) == 2, f"{example.name}: answers {len(answer)} values, not (Prior, state)"
        answer = answer[0]
    wanted = {"estimator": Prior, "model": SROutput}.get(example.kind, Tensor)
    assert isinstance(answer, wanted), f"{example.name}: answers a {type(answer).__name__}, not {wanted.__name__}"


def shapes(example: Example) -> None:
    """The answer has the shapes that the kind prescribes."""
    inputs = example.inputs(2, False)
    for answer, wanted in zip(_answer(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(answer.shape) == wanted, f"{example.name}: answers {tuple(answer.shape)}, not {wanted}"


def odd_sizes(example: Example) -> None:
    """Sides that are no power of two give the shapes that the kind prescribes."""
    inputs = example.inputs(2, True)
    for answer, wanted in zip(_answer(example, inputs), example.shapes(inputs), strict=False):
        assert tuple(answer.shape) == wanted, (
            f"{example.name}: answers {tuple(answer.shape)} at odd sizes, not {wanted}"
        )


def dtype_follows_input(example: Example) -> None:
    """In float64 the answer is float64, in bfloat16 bfloat16, which losses and scores answer in float32.

    Landmarks are always float32. What PyTorch has no bfloat16 of on a CPU is passed over.
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
            assert found.dtype == wanted.dtype, f"{example.name}: answers {found.dtype} to {dtype}"


def device_follows_input(example: Example) -> None:
    """On another device the answer is there: nothing inside is made on the CPU (shown on the meta device).

    Not of scores of sets, which answer a number.
    """
    if getattr(example.component, "level", "image") == "set":
        return
    inputs = map_tensors(lambda tensor: tensor.to("meta"), example.inputs(2, False))
    try:
        answer = _answer(example, inputs, example.build().to("meta"))
    except RuntimeError as error:
        raise AssertionError(f"{example.name}: mixes devices: {error}") from error
    assert all(tensor.is_meta for tensor in answer), f"{example.name}: answers on the CPU to another device"


def inputs_unchanged(example: Example) -> None:
    """The arguments are the same before and after."""
    inputs = example.inputs(2, False)
    before = map_tensors(Tensor.clone, inputs)
    _answer(example, inputs)
    _assert_equal(tensors(inputs), tensors(before), f"{example.name}: changes its arguments")


def same_answer_twice(example: Example) -> None:
    """The same call again gives the same answer, to the bit: no hidden state, and in eval mode no randomness."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        first = tensors(module(*inputs))
        first = [tensor.clone() for tensor in first]
        second = tensors(module(*inputs))
    _assert_equal(second, first, f"{example.name}: another answer at the second call")


def second_backward(example: Example) -> None:
    """Forward and backward again, in training, gives the same gradients: no graph is kept, and nothing grows."""
    module, inputs = example.build().train(), example.inputs(2, False)
    gradients = []
    for _ in range(2):
        module.zero_grad()
        torch.manual_seed(1)
        leaves = map_tensors(floating(lambda tensor: tensor.detach().requires_grad_()), inputs)
        loss = _loss(module(*leaves))
        if not loss.requires_grad:
            raise AssertionError(f"{example.name}: the answer does not depend differentiably on anything")
        try:
            loss.backward()
        except RuntimeError as error:
            raise AssertionError(f"{example.name}: backward fails: {error}") from error
        moved = [*tensors(leaves), *module.parameters()]
        gradients.append([tensor.grad.clone() for tensor in moved if tensor.grad is not None])
    _assert_equal(gradients[1], gradients[0], f"{example.name}: other gradients at the second backward", 1e-6)


def another_batch_size(example: Example) -> None:
    """A batch of three after a batch of two gives what a fresh component gives, in training too."""
    inputs = example.inputs(3, False)
    for training in (False, True):
        module, fresh = example.build().train(training), example.build().train(training)
        _answer(example, example.inputs(2, False), module)
        try:
            answer = _answer(example, inputs, module)
        except RuntimeError as error:
            raise AssertionError(f"{example.name}: fails at another batch size: {error}") from error
        wanted = _answer(example, inputs, fresh)
        _assert_equal(answer, wanted, f"{example.name}: another answer after another batch size")


def permuted_batch(example: Example) -> None:
    """Images do not see each other in eval mode: a permuted batch gives the permuted answer."""
    inputs, order = example.inputs(3, False), torch.tensor([2, 0, 1])
    answer = _answer(example, inputs)
    permuted = _answer(example, map_tensors(lambda tensor: tensor[order], inputs))
    wanted = [tensor[order] if tensor.ndim else tensor for tensor in answer]
    _assert_equal(permuted, wanted, f"{example.name}: depends on the order of the batch", 1e-5)


def every_parameter_has_a_gradient(example: Example) -> None:
    """Every parameter that asks for a gradient gets one that is finite and, for some random weights, not all zero."""
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
    """Another instance with this one's state dict answers alike: all that it learnt is in there."""
    module, inputs = example.build(), example.inputs(2, False)
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            generator = torch.Generator().manual_seed(index)
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    other = example.build(seed=1)
    other.load_state_dict(module.state_dict())
    _assert_equal(_answer(example, inputs, other), _answer(example, inputs, module), f"{example.name}: its state dict")


def bad_shapes_raise(example: Example) -> None:
    """A channel too many, or an image less than in the others, in any argument raises a PriorsrError.

    So a misfit is told in the user's words, and never broadcast.
    """
    for how, inputs in spoilt(example.inputs(2, False)):
        try:
            _answer(example, inputs)
        except PriorsrError:
            continue
        except Exception as error:
            raise AssertionError(f"{example.name}: {how} raises {type(error).__name__}: {error}") from error
        raise AssertionError(f"{example.name}: {how} is accepted")


def local_options_are_declared(example: Example) -> None:
    """Options that reach this machine's files or network are `local`, so that no file of weights decides them."""
    known, local = option_types(example.component), local_options(example.component)
    for name, kind in known.items():
        reaching = name in REACHING or "Path" in kind
        assert not reaching or name in local, (
            f"{example.name}: its option {name!r} reaches this machine's files or network, and is not declared: "
            f"local = {{{name!r}: the value that it has where a file builds it}}"
        )


def residual_is_added(example: Example) -> None:
    """An attention answers x attended without a residual, and with one that, plus the residual."""
    x, residual = example.inputs(2, False)
    (attended,), (added,) = _answer(example, (x,)), _answer(example, (x, residual))
    _assert_equal([added], [attended + residual], f"{example.name}: with a residual, its answer is not the sum", 1e-5)


def declares_its_facts(example: Example) -> None:
    """A model has its `config`, an integer `scale` and `size_multiple`, and says what it does with a prior."""
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
    """Without a prior, a model that requires one raises a PriorsrError, and any other answers."""
    model, (lr, _) = example.build(), example.inputs(2, False)
    if getattr(model, "prior", None) != "required":
        _answer(example, (lr, None), model)
        return
    try:
        _answer(example, (lr, None), model)
    except PriorsrError:
        return
    raise AssertionError(f"{example.name}: requires a prior, and answers without one")


def teacher_is_detached(example: Example) -> None:
    """A distillation sends no gradient to the teacher."""
    student, teacher = example.inputs(2, False)
    teacher = [tensor.requires_grad_() for tensor in teacher]
    example.build()([tensor.requires_grad_() for tensor in student], teacher).backward()
    assert all(tensor.grad is None for tensor in teacher), f"{example.name}: sends a gradient to the teacher"


def numbers_for_odd_faces(example: Example) -> None:
    """A score gives black, white and equal images a number or infinity, never NaN.

    A PriorsrError that says why a face has none is as good.
    """
    sr, hr, *beside = example.inputs(2, False)
    black, white = torch.zeros_like(hr), torch.ones_like(hr)
    odd = {
        "equal images": (hr, hr),
        "equal black images": (black, black),
        "black SR images": (black, hr),
        "white SR images": (white, hr),
        "black HR images": (sr, black),
    }
    module = example.build()
    for what, images in odd.items():
        try:
            answer = _answer(example, (*images, *beside), module)
        except PriorsrError:
            continue
        assert not any(values.isnan().any() for values in answer), f"{example.name}: is NaN for {what}"


def docstring_headings(example: Example) -> None:
    """The class docstring says what it does, and has the lines Shapes:, Range: and Source: (a recipe: Source:)."""
    doc = inspect.cleandoc(example.component.__doc__ or "")  # its own: an inherited one speaks of another class
    for heading in HEADINGS.get(example.kind, ("Shapes:", "Range:", "Source:")):
        found = any(line.startswith(heading) for line in doc.splitlines())
        assert found, f"{example.name}: the docstring has no line {heading!r}"


def stages_learn(example: Example) -> None:
    """Every stage of a recipe gives each optimiser that moves a finite loss, at its start and at its end.

    At the start, every module that an optimiser trains gets a gradient.
    """
    (batch,) = example.inputs(2, False)
    for stage in example.create().stages():
        who = f"{example.name}: the stage {stage.name!r}"
        for step in (0, 99):
            answer = stage.step(stage.modules, batch, Progress(step, 100, 10))
            losses = answer.losses if isinstance(answer, StepResult) else answer
            assert losses.keys() <= stage.optimisers.keys(), f"{who} answers {list(losses)}, not its optimisers"
            assert losses, f"{who} has no loss at step {step}"
            for name, loss in losses.items():
                scalar = loss() if callable(loss) else loss
                assert scalar.isfinite(), f"{who}: the loss of {name!r} is {scalar.item()}"
                scalar.backward()
            if step:
                continue
            for module in {module for name in losses for module in stage.optimisers[name].modules}:
                trained = [p for p in stage.modules[module].parameters() if p.requires_grad]
                moved = not trained or any(p.grad is not None and p.grad.any() for p in trained)
                assert moved, f"{who}: {module!r} gets no gradient"


def _loss(answer: Any) -> Tensor:
    """A scalar that every element of the answer moves, each differently."""
    found = [tensor for tensor in tensors(answer) if tensor.is_floating_point()]
    parts = [(t * torch.linspace(-1, 1, t.numel()).view_as(t) if t.ndim else t).sum() for t in found]
    return torch.stack(parts).sum()


CHECKS: tuple[Check, ...] = (
    answer_type,
    shapes,
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
)
ALSO: dict[str, tuple[Check, ...]] = {
    "attention": (residual_is_added,),
    "distillation": (teacher_is_detached,),
    "model": (declares_its_facts, prior_as_declared),
    "score": (numbers_for_odd_faces,),
}
_TRAINED = (second_backward, every_parameter_has_a_gradient)
INSTEAD: dict[str, tuple[Check, ...]] = {
    "recipe": (stages_learn, docstring_headings),
    "score": tuple(check for check in CHECKS if check not in _TRAINED),  # nothing learns from a score
}
HEADINGS = {"recipe": ("Source:",)}
