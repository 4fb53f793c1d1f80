"""Registration of a fused kernel and its backward kernel as torch operators."""

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
    """Register `forward` as the operator priorsr::NAME, and `backward` as its gradient, priorsr::NAME_backward.

    forward, backward: annotated functions of tensors (the first argument is one), numbers and lists of numbers, which
    allocate the results and launch. Results must not alias arguments.
    forward_fake, backward_fake: functions of the same arguments that return empty tensors with the shapes, dtypes and
        strides of the results.
    save(ctx, inputs, output): saves what the backward pass needs, and marks statistics as not differentiable.
    gradients(ctx, backward operator, *gradients of the outputs): returns the gradient of every input, or None. It is
        called only if an output has a gradient; gradients of statistics are None.

    Differentiating the backward operator raises BackendError, since second derivatives would be silently wrong.
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
