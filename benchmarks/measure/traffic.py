"""Measure the memory traffic of eager PyTorch code, and the most memory that it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode

from priorsr.bench.running.profile import LiveMemory


class CountTraffic(TorchDispatchMode):
    """Adds up, over the operators called within, the bytes of the tensors that each reads and writes: `bytes`.

    Views move nothing. A broadcast tensor counts once, whatever it is expanded to. Traffic inside an operator, as
    the passes inside a softmax, is not seen: an operator is taken to be as good as it could be.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        read, written = _tensors((args, kwargs)), _tensors(result)
        inputs = {tensor.untyped_storage()._cdata for tensor in read}
        is_view = not func._schema.is_mutable and any(t.untyped_storage()._cdata in inputs for t in written)
        if not is_view:
            self.bytes += sum(_own_bytes(tensor) for tensor in (*read, *written))
        return result


def _tensors(values: Any) -> list[Tensor]:
    return [value for value in _pytree.tree_leaves(values) if isinstance(value, Tensor)]


def _own_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor's different elements."""
    count = tensor.element_size()
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= 1 if stride == 0 and size else size
    return count


def traffic(run: Callable[..., Tensor], inputs: Iterable[Tensor], *, backward: bool) -> int:
    """Bytes that `run(*inputs)` moves, perhaps with its backward; counted on meta tensors, so nothing is computed."""
    stand_ins = [
        torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta") for tensor in inputs
    ]
    leaves = [tensor.requires_grad_() for tensor in stand_ins if backward and tensor.is_floating_point()]
    with CountTraffic() as counted:
        out = run(*stand_ins)
        if backward:
            torch.autograd.grad(out, leaves, torch.empty_like(out))
    return counted.bytes


def peak_memory(run: Callable[[], object], device: torch.device) -> int:
    """Return the most bytes that a call holds at once beyond those held before.

    On a GPU as PyTorch's allocator counts them. On a CPU of the tensors that operators return, so that what an operator
    of ours holds inside is not seen: there the references run, which have no such.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with LiveMemory() as memory:
        run()
    return memory.peak
