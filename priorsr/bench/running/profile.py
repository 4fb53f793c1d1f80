"""The cost of a model: parameters, multiply-accumulates, memory and latency."""

from __future__ import annotations

import statistics
import time
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from priorsr.bench.store.run_facts import Cost, Latency
from priorsr.containers import Prior

_SECONDS = 2.0  # to spend on one latency, after the warm-up
_RUNS = (3, 50)  # at least, at most


class LiveMemory(TorchDispatchMode):
    """Sum up the storages that operators make and that are still alive; `peak` is the largest sum, in bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.live = 0
        self.peak = 0
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._seen.update(_storages((args, kwargs)))  # weights and inputs, which results may be views of
        result = func(*args, **(kwargs or {}))
        for storage in _storages(result) - set(self._seen):
            self._seen.add(storage)
            self.live += storage.nbytes()
            weakref.finalize(storage, self._free, storage.nbytes())
        self.peak = max(self.peak, self.live)
        return result

    def _free(self, nbytes: int) -> None:
        self.live -= nbytes


def _storages(values: Any) -> set[Any]:
    return {value.untyped_storage() for value in _pytree.tree_leaves(values) if isinstance(value, Tensor)}


@torch.inference_mode()
def measure_cost(model: nn.Module, lr: Tensor, prior: Prior | None) -> Cost:
    """Measure a model in eval mode on LR images (B,3,h,w) and their prior, on the device that they are on.

    MACs: half of the operations that torch's flop counter finds for one image: convolutions, matrix products and
        attention, without elementwise operations.
    Peak memory: the tensors made in one image's forward pass, without weights and the workspace inside operators, so
        it is the same on every machine.
    Latencies: for one image, and for all B if there are more; the median of warm runs.

    A compiled program shows neither MACs nor memory; those of an accelerated model are measured on its uncompiled form.
    """
    one_lr, one_prior = lr[:1], first_of(prior, 1)
    shown = model.get_submodule("form") if getattr(model, "accelerated", False) else model
    with FlopCounterMode(display=False) as flops, LiveMemory() as memory:
        shown(one_lr, one_prior)
    latency = [_latency(lambda: model(one_lr, one_prior), lr.device, batch=1)]
    if len(lr) > 1:
        latency.append(_latency(lambda: model(lr, prior), lr.device, batch=len(lr)))
    return Cost(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        macs=flops.get_total_flops() // 2,
        peak_memory_bytes=memory.peak,
        latency=tuple(latency),
    )


def first_of(prior: Prior | None, count: int) -> Prior | None:
    """Return the prior of the first `count` faces."""
    return None if prior is None else Prior(*(None if part is None else part[:count] for part in prior))


def _latency(forward: Callable[[], object], device: torch.device, batch: int) -> Latency:
    least, most = _RUNS
    _timed(forward, device)  # warm-up
    times: list[float] = []
    while len(times) < least or (sum(times) < _SECONDS and len(times) < most):
        times.append(_timed(forward, device))
    return Latency(batch=batch, milliseconds=statistics.median(times) * 1000, runs=len(times))


def _timed(forward: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    forward()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
