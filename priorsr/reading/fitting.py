"""Check a file's tensors against the module that loads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from priorsr.errors import DataError, PriorsrError

SLACK = 100_000  # most parameters, and modules, of networks whose files omit values that can be recomputed


def load_fitting(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load tensors of the file `path` into a module; raises DataError as `check_fit` does."""
    check_fit(module, tensors, path)
    module.load_state_dict(tensors)


def check_fit(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raise DataError naming the first tensor of the file `path` that a module cannot load.

    A tensor fits unless the module lacks its name, its shape differs, it is complex or integer where the module's is
    floating point (or the reverse), or it has NaN or infinity in the module's precision.
    """
    wanted, who = module.state_dict(), type(module).__name__
    shapes = [{key: tuple(tensor.shape) for key, tensor in state.items()} for state in (tensors, wanted)]
    for key in sorted(wanted.keys() | tensors.keys()):
        given, expected = shapes[0].get(key, "absent"), shapes[1].get(key, "none of that name")
        if given != expected:
            raise DataError(f"{path}: the tensor {key!r:.120} is {given}; {expected} was expected by {who}")
    for key, tensor in tensors.items():
        problem = _problem(tensor, wanted[key])
        if problem:
            raise DataError(f"{path}: the tensor {key!r:.120} {problem} by {who}")


@contextmanager
def built_for(tensors: Mapping[str, Tensor], path: Path) -> Iterator[None]:
    """Refuse, within the block, to build modules many times larger than the tensors of the file that describes them.

    Raises DataError when a parameter is registered, before its memory is used, so that no number in a file can exhaust
    the memory or make building endless.
    """
    most = SLACK + 4 * sum(tensor.numel() for tensor in tensors.values())
    seen, thread = [0], get_ident()

    def count(_: nn.Module, name: str, part: Tensor | nn.Module | None) -> None:
        if get_ident() == thread:
            seen[0] += part.numel() if isinstance(part, Tensor) else 1
            if seen[0] > most:
                raise DataError(f"{path}: describes a network that is much larger than its tensors, at {name!r:.80}")

    hooks = [
        register_module_parameter_registration_hook(count),
        register_module_module_registration_hook(count),
    ]
    try:
        yield
    except PriorsrError:
        raise
    except (MemoryError, OverflowError, RuntimeError) as error:  # the last is torch's, for too little memory
        raise DataError(f"{path}: describes a network that cannot be built ({error})") from error
    finally:
        for hook in hooks:
            hook.remove()


def with_counts(module: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add `num_batches_tracked` (0) of each normalisation to tensors, which PyTorch before 0.4.1 did not write."""
    missing = {
        key: value
        for key, value in module.state_dict().items()
        if key.endswith("num_batches_tracked") and key not in tensors
    }
    return {**tensors, **{key: torch.zeros_like(value) for key, value in missing.items()}}


def _problem(given: Tensor, wanted: Tensor) -> str:
    if _kind(given) != _kind(wanted):
        return f"holds {_kind(given)} numbers ({_name(given)}); {_kind(wanted)} ones ({_name(wanted)}) were expected"
    if wanted.is_floating_point() and not given.to(wanted.dtype).isfinite().all():
        return f"holds NaN or infinity (in {_name(wanted)}); finite numbers were expected"
    return ""


def _kind(tensor: Tensor) -> str:
    if tensor.is_complex():
        return "complex"
    if tensor.is_floating_point():
        return "floating"
    return "truth" if tensor.dtype == torch.bool else "whole"


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
