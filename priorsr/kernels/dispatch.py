"""The choice of backend for an operation: the reference in plain torch, or the kernels in Triton."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import Tensor

from priorsr.errors import BackendError, OptionError

Backend = Literal["auto", "reference", "triton"]
Function = TypeVar("Function", bound=Callable[..., Any])

BACKENDS: tuple[Backend, ...] = get_args(Backend)
VARIABLE = "PRIORSR_BACKEND"
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
LEAST_CAPABILITY = (8, 0)

_inside: ContextVar[Backend | None] = ContextVar("priorsr backend", default=None)
_record: ContextVar[dict[str, str] | None] = ContextVar("priorsr record of backends", default=None)
_told: set[str] = set()


def _constant(function: Function) -> Function:
    """Mark a function as `torch.compiler.assume_constant_result` does, which loads the compiler and takes 1.5 s."""
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]  # functions have any attributes
    return function


@contextmanager
def use_backend(backend: Backend) -> Iterator[None]:
    """Make "auto" mean `backend` within the block, overriding PRIORSR_BACKEND. Raises OptionError for an unknown name.

    Compiled code keeps the backend that it was traced with.
    """
    token = _inside.set(_checked(backend, "backend"))
    try:
        yield
    finally:
        _inside.reset(token)


@contextmanager
def recorded() -> Iterator[dict[str, str]]:
    """Record, within the block, the backend that each operation used: "reference", "triton" or "reference, triton".

    Operations inside a compiled graph are not recorded.
    """
    used: dict[str, str] = {}
    token = _record.set(used)
    try:
        yield used
    finally:
        _record.reset(token)


def takes_triton(op: str, backend: Backend, *tensors: Tensor | None, limit: str | None = None) -> bool:
    """Return whether a call of `op` takes its Triton form, rather than the reference.

    tensors: all tensors of the call, None for omitted ones. limit: the reason, as the end of a sentence, if the Triton
    form cannot take these shapes or options.

    "triton" returns True or raises BackendError with the reason. "auto" returns True for tensors on a GPU; if something
    prevents the kernels there, it returns False, and warns once with the reason, outside tracing. On other devices, and
    under export, "auto" is the reference. Raises BackendError for tensors on several devices, OptionError for an
    unknown backend.
    """
    given = [tensor for tensor in tensors if tensor is not None]
    taken = _takes_triton(op, backend, given, limit)
    if not torch.compiler.is_compiling():
        _note(op, "triton" if taken else "reference")
    return taken


def _takes_triton(op: str, backend: Backend, given: Sequence[Tensor], limit: str | None) -> bool:
    device = given[0].device
    for tensor in given:
        if tensor.device != device:
            raise BackendError(f"{op}: tensors lie on {device} and on {tensor.device}; one device was expected")
    meaning = _meaning(backend)
    if meaning == "reference" or (meaning == "auto" and (device.type != "cuda" or exporting())):
        return False
    reason = _dtype_obstacle(given) or limit or obstacle(device)
    if reason is None:
        return True
    if meaning == "triton":
        raise BackendError(f"{op}: the backend triton was asked for, but {reason}")
    _tell_once(f"{op} takes the reference, since {reason}")
    return False


@_constant
def obstacle(device: torch.device) -> str | None:
    """Return why no kernel can run on a device, as the end of a sentence; None if they can."""
    missing = _triton_trouble()
    if missing is not None:
        return missing
    if device.type == "cpu":
        if os.environ.get("TRITON_INTERPRET") == "1":
            return None
        return "the tensors lie on the CPU, where Triton only runs if TRITON_INTERPRET=1 was set at the start"
    if device.type != "cuda" or torch.version.hip is not None:
        return f"the tensors lie on {device}, and the kernels are written for NVIDIA's GPUs"
    capability = torch.cuda.get_device_capability(device)
    if capability < LEAST_CAPABILITY:
        return (
            f"{torch.cuda.get_device_name(device)} has compute capability {capability[0]}.{capability[1]}; "
            f"{LEAST_CAPABILITY[0]}.{LEAST_CAPABILITY[1]} or more is needed"
        )
    return None


def operations() -> list[str]:
    """Return the names of the operations that have kernels: the folders beside this file, sorted."""
    return sorted(module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg)


def explain(device: torch.device) -> str:
    """Return a line with the backend that "auto" takes for float32 tensors on a device, and the reason."""
    try:
        meaning = _meaning("auto")
    except OptionError as error:
        return f"none on {device}: {error}"
    reason = obstacle(device)
    if meaning == "reference":
        return f"reference on {device}: {VARIABLE}=reference"
    if meaning == "triton" and reason is not None:
        return f"none on {device}: {VARIABLE}=triton, but {reason}"
    if meaning == "auto" and device.type != "cuda":
        reason = '"auto" takes kernels on a GPU only'
    return f"triton on {device}" if reason is None else f"reference on {device}: {reason}"


def _meaning(backend: Backend) -> Backend:
    """Resolve a call's backend from its argument, the context and the environment."""
    return _default() if _checked(backend, "backend") == "auto" else backend


@_constant
def _default() -> Backend:
    """Return what "auto" stands for here; before torch 2.12, compiled code cannot read context variables."""
    return _inside.get() or _checked(os.environ.get(VARIABLE) or "auto", VARIABLE)


def _checked(backend: str, what: str) -> Backend:
    for name in BACKENDS:
        if name == backend:
            return name
    raise OptionError(f"{what} is {backend!r}; one of {', '.join(BACKENDS)} was expected")


def exporting() -> bool:
    """Return whether the call is traced for export, into a graph that runs where our operators do not exist."""
    return _is_exporting() or torch.jit.is_tracing()  # type: ignore[attr-defined]


@_constant
def _is_exporting() -> bool:
    """Return whether torch exports, asked outside of the graph: torch 2.11 compiles the question itself as True."""
    return torch.compiler.is_exporting()


def _note(op: str, taken: Backend) -> None:
    """Record the backend of an operation within `recorded`."""
    used = _record.get()
    if used is not None:
        used[op] = ", ".join(sorted({*used.get(op, "").split(", "), taken} - {""}))


def _dtype_obstacle(tensors: Sequence[Tensor]) -> str | None:
    for tensor in tensors:
        if tensor.is_floating_point() and tensor.dtype not in DTYPES:
            return f"a tensor is {tensor.dtype}; kernels take float32, float16 and bfloat16"
    return None


@lru_cache(maxsize=1)
def _triton_trouble() -> str | None:
    """Return why Triton cannot be used, such as the error of its import; None if it can."""
    try:
        import triton  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name == "triton":
            return "Triton is not installed"
        return f"Triton cannot be imported: {error}"
    except Exception as error:
        return f"Triton cannot be imported: {type(error).__name__}: {error}"
    return None


def _tell_once(sentence: str) -> None:
    if sentence not in _told and not torch.compiler.is_compiling():
        _told.add(sentence)
        warnings.warn(sentence, RuntimeWarning, stacklevel=5)
