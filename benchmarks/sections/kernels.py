"""One fused operation: checked against float64, then timed beside eager, torch.compile and a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from benchmarks.cases.kernels import KernelCase
from benchmarks.cases.rivals import COMPILE_MODE
from benchmarks.measure.context import Context, failure
from benchmarks.measure.report import Row, What
from benchmarks.measure.timing import Run
from benchmarks.measure.traffic import traffic
from priorsr.kernels.dispatch import Backend

COMPILING = 25.0  # seconds that must be left before something is compiled
BF16_TOLERANCE = 1e-2

Op = Callable[..., Tensor]


def fused_backend(device: torch.device) -> Backend:
    """Triton on a GPU, so that nothing else is timed in its name; else the reference."""
    return "triton" if device.type == "cuda" else "reference"


def kernel_section(context: Context, cases: Sequence[KernelCase]) -> Iterator[Row]:
    """Yield all rows of some cases in float32, then of the first one in bfloat16."""
    for case in cases:
        yield from measure_kernel(context, case, torch.float32)
    yield from measure_kernel(context, cases[0], torch.bfloat16)


def measure_kernel(
    context: Context, case: KernelCase, dtype: torch.dtype, rivals: dict[str, Op] | None = None
) -> Iterator[Row]:
    """Forward, then forward and backward. Where ours is wrong, it is not timed.

    rivals: what else computes the same, by name; beside eager and, where time is left to compile it, torch.compile.
    """
    ours = partial(case.fused, backend=fused_backend(context.device))
    name = str(dtype).removeprefix("torch.")
    error, trouble = _checked(case, ours, context.device, dtype)
    tolerance = BF16_TOLERANCE if dtype == torch.bfloat16 else case.tolerance
    right = error <= tolerance  # False for NaN
    ops: dict[str, Op] = {"eager": case.plain}
    if right:
        ops["ours"] = ours
    notes = {}
    if context.small and dtype != torch.float32:
        notes["torch.compile"] = "left out of a small run"
    elif context.left < COMPILING and not context.small:
        notes["torch.compile"] = "left out: the section's time was up"
    else:
        torch._dynamo.reset()
        ops["torch.compile"] = compiled(case.plain, small=context.small)
    ops |= rivals or {}
    if not right:
        notes["ours"] = trouble or f"not timed, since it is wrong: {error:.1e} against {tolerance:.0e}"
    inputs = case.inputs(context.device, dtype)
    for backward in (False, True):
        what: What = "forward and backward" if backward else "forward"
        floor = case.floors.of(backward=backward)
        least_bytes = floor.bytes * inputs[0].element_size() // 4
        runs = {variant: call(op, inputs, backward=backward) for variant, op in ops.items()}
        if case.memory_bound:
            runs["copy of the least bytes"] = copy_of(least_bytes, context.device)
        moved = traffic(case.plain, inputs, backward=backward)
        rows = list(context.measured(runs, section=case.op, case=case.name, what=what, dtype=name))
        copy = next((row.milliseconds for row in rows if row.variant.startswith("copy")), None)
        for row in rows:
            extra: dict[str, object] = {"least_bytes": least_bytes}
            if row.variant == "eager":
                extra["moved_bytes"] = moved
            if row.variant == "ours":
                extra["error"] = error
            if not row.variant.startswith("copy") and row.milliseconds:
                limit = copy if case.memory_bound else context.product_time(floor.flops, name)
                extra |= {"least_flops": floor.flops or None, "of_floor": limit and limit / row.milliseconds}
            yield row.model_copy(update=extra)
        for variant, note in notes.items():
            failed = error if variant == "ours" else None
            yield Row(section=case.op, case=case.name, variant=variant, what=what, dtype=name, note=note, error=failed)


def _checked(case: KernelCase, op: Op, device: torch.device, dtype: torch.dtype) -> tuple[float, str]:
    """Return the worst error, or NaN with the reason, so that a failure does not end its rivals."""
    try:
        return worst_error(case, op, device, dtype), ""
    except Exception as error:
        return float("nan"), failure(error)


def worst_error(case: KernelCase, op: Op, device: torch.device, dtype: torch.dtype, seed: int = 1) -> float:
    """Return the largest relative error, in the 2-norm, of output and gradients against float64."""
    inputs = case.inputs(device, dtype, seed)
    exact = tuple(tensor.detach().double().requires_grad_() for tensor in inputs)
    found, wanted = op(*inputs), case.plain(*exact)
    generator = torch.Generator(device).manual_seed(seed)
    direction = torch.rand(wanted.shape, generator=generator, device=device) - 0.5
    pairs = [(found, wanted)]
    pairs += zip(
        torch.autograd.grad(found, inputs, direction.to(found.dtype)),
        torch.autograd.grad(wanted, exact, direction.double()),
        strict=True,
    )
    errors = [((a.double() - b).norm() / b.norm()).item() for a, b in pairs]
    return max(errors) if all(error == error for error in errors) else float("nan")


def compiled(op: Op, *, small: bool) -> Op:
    """Compile the operation; in a small run only trace it, since compiling takes too long."""
    if small:
        return torch.compile(op, backend="aot_eager", dynamic=False)
    return torch.compile(op, mode=COMPILE_MODE, dynamic=False)


def call(op: Op, inputs: tuple[Tensor, ...], *, backward: bool) -> Run:
    """Return a call of an operation, perhaps with its gradients, whose direction is drawn here."""
    if not backward:
        plain_inputs = tuple(tensor.detach() for tensor in inputs)
        return lambda: op(*plain_inputs)
    direction: list[Tensor] = []

    def run() -> object:
        out = op(*inputs)
        if not direction:
            direction.append(torch.rand_like(out))
        return torch.autograd.grad(out, inputs, direction[0], allow_unused=True)

    return run


def copy_of(count: int, device: torch.device) -> Run:
    """Return a copy that moves so many bytes, half of them read and half of them written."""
    source = torch.randint(0, 127, (max(count // 2, 1),), dtype=torch.int8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)
