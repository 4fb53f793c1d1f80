"""Registration of a fused kernel and its backward as operators of torch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from priorsr.errors import BackendError

Function = Callable[..., Any]

LAUNCH = {"enable_fp_fusion": True, "maxnreg": 255}
"""Options of launches.

Products and sums may fuse, as always until Triton 3.9, which warns where it is not set. A thread may take every
register: where no limit is given, the assembler spills a few bytes so that one more block fits a multiprocessor.
"""


def register_op(
    name: str,
    forward: Function,
    forward_fake: Function,
    backward: Function,
    backward_fake: Function,
    *,
    save: Function,
    gradients: Function,
) -> Function:
    """Make priorsr::NAME of `forward`, whose gradient is the operator priorsr::NAME_backward, made of `backward`.

    forward, backward: functions of tensors (the first argument is one), numbers and lists of numbers, annotated, that
        allocate and launch. Their results must not alias their arguments.
    forward_fake, backward_fake: the same arguments to empty tensors of the shapes, dtypes and strides to come.
    save(ctx, inputs, output): keeps what the backward needs, and marks statistics as not differentiable.
    gradients(ctx, backward operator, *gradients of the outputs): the gradient of every input, None for those without;
        it is not called where the outputs take none, and those of statistics are None.

    The backward's own derivative raises BackendError: a launch there would make gradients of gradients silently wrong.
    """
    forward_op = torch.library.custom_op(
        f"priorsr::{name}", _on_its_device(forward), mutates_args=(), schema=_schema(forward)
    )
    backward_op = torch.library.custom_op(
        f"priorsr::{name}_backward", _on_its_device(backward), mutates_args=(), schema=_schema(backward)
    )
    forward_op.register_fake(forward_fake)
    backward_op.register_fake(backward_fake)

    def setup(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.set_materialize_grads(False)
        save(ctx, inputs, output)

    def differentiate(ctx: Any, *outer: Tensor | None) -> Any:
        if all(gradient is None for gradient in outer):
            return (None,) * len(ctx.needs_input_grad)
        return gradients(ctx, backward_op, *outer)

    def refuse(*_: Any) -> None:
        raise BackendError(
            f"{name}: the gradient of the Triton kernel cannot be differentiated again; compute with "
            'backend="reference", or inside priorsr.kernels.use_backend("reference"), where a penalty on gradients '
            "needs it"
        )

    forward_op.register_autograd(differentiate, setup_context=setup)
    backward_op.register_autograd(refuse)
    return forward_op


def _schema(function: Function) -> str:
    return torch.library.infer_schema(function, mutates_args=())


def _on_its_device(function: Function) -> Function:
    """Wrap a function so that its first tensor's GPU is the current one, where Triton launches."""

    @wraps(function)
    def run(first: Tensor, *others: Any) -> Any:
        guard: AbstractContextManager[Any] = torch.cuda.device(first.device) if first.is_cuda else nullcontext()
        with guard:
            return function(first, *others)

    return run
