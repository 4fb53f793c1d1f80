"""One of the four networks: plain, under autocast, accelerated and compiled; then a training step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from benchmarks.cases.systems import SystemCase, images, inference_case
from benchmarks.measure.context import Context, failure
from benchmarks.measure.report import Row
from benchmarks.measure.timing import Run
from priorsr.containers import Batch, Prior
from priorsr.inference import Accelerated, AccelerationReport, accelerate

COMPILING = 40.0  # seconds that must be left before a network is compiled
TIME_UP = "left out: the section's time was up"


def system_section(context: Context, case: SystemCase) -> Iterator[Row]:
    """Inference with one image, a training step, and, on a GPU, inference with 64; then all of it compiled."""
    device = context.device
    many = device.type == "cuda" and not context.small
    side = 8 if context.small else 16
    yield from _inference(context, case, images(1, side).to(device))
    yield from _training(context, case, images(16 if many else 2, side).to(device))
    if many:
        yield from _inference(context, case, images(64, side).to(device))
    for batch in (1, 64) if many else (1,):
        yield from _compiled(context, case, images(batch, side).to(device))


def _pair(context: Context, case: SystemCase) -> tuple[nn.Module, nn.Module]:
    """Return the plain network and ours on the device, with the same weights."""
    network, ours = case.pair()
    return network.to(context.device), ours.to(context.device)


def _inference(context: Context, case: SystemCase, lr: Tensor) -> Iterator[Row]:
    network, ours = _pair(context, case)
    plain, autocast = inference(network, lr), inference(network, lr, autocast=True)
    exact = plain()
    runs: dict[str, Callable[[], Tensor]] = {"plain": plain, "plain, bf16 autocast": autocast}
    told: dict[str, object] = {}
    fast = _accelerated(context, ours, lr)
    if isinstance(fast, str):
        yield Row(section=case.name, case=_case(lr), variant="accelerated", what="forward", note=fast)
    else:
        runs["accelerated"] = lambda: fast(lr).sr
        told = _told(fast.report)
    for row in context.measured(runs, section=case.name, case=_case(lr), what="forward"):
        if row.variant == "plain" or row.note:  # the note of one that failed
            yield row
            continue
        found = told if row.variant == "accelerated" else {}
        yield row.model_copy(update={"error": _error(runs[row.variant](), exact), **found})


def _told(report: AccelerationReport) -> dict[str, object]:
    """Return the note of a row about an acceleration."""
    prepared = f"{report.precision}, {report.engine}, {report.seconds:.0f} s to prepare"
    told: dict[str, object] = {"note": "; ".join((prepared, *report.refused))}
    if report.engine != "eager":  # its memory was taken before, and what is within is not seen
        told["peak_bytes"] = None
    return told


def _accelerated(context: Context, ours: nn.Module, lr: Tensor) -> Accelerated | str:
    """Our network accelerated for such images, or why it is not: its rivals are timed all the same."""
    if context.left < COMPILING and not context.small:
        return TIME_UP
    few = Batch(lr, images(len(lr), 8 * lr.shape[-1], seed=1), Prior(), ("random",)) if context.small else None
    engine: Literal["auto", "eager"] = "eager" if context.small else "auto"
    try:
        return accelerate(ours, few, engine=engine, batch_size=len(lr), device=context.device, show=False)
    except Exception as error:
        return failure(error)


def _compiled(context: Context, case: SystemCase, lr: Tensor) -> Iterator[Row]:
    """Last, since it takes the longest; small, only one network is traced, and none compiled."""
    note = ""
    if context.small and case.name != "pfsr":
        note = "left out of a small run"
    elif context.left < COMPILING and not context.small:
        note = TIME_UP
    if note:
        yield Row(section=case.name, case=_case(lr), variant="plain, compiled", what="forward", note=note)
        return
    network = case.pair()[0].to(context.device)
    torch._dynamo.reset()
    if context.small:
        compiled = torch.compile(network, backend="aot_eager", dynamic=False)
    else:
        compiled = torch.compile(network, mode="max-autotune", dynamic=False)

    runs = {"plain, compiled": inference(compiled, lr)}
    yield from context.measured(runs, section=case.name, case=_case(lr), what="forward", memory=False)


def _training(context: Context, case: SystemCase, lr: Tensor) -> Iterator[Row]:
    """L1 to random images, and Adam: plain in float32, and ours as the training loop does it in bf16."""
    network, ours = _pair(context, case)
    hr = images(len(lr), 8 * lr.shape[-1]).to(context.device)
    runs = {"plain": plain_step(network.train(), lr, hr), "ours": our_step(ours.train(), lr, hr)}
    yield from context.measured(runs, section=case.name, case=_case(lr), what="training step", memory=not context.small)


def inference(network: Callable[[Tensor], Tensor], lr: Tensor, *, autocast: bool = False) -> Callable[[], Tensor]:
    """Return a call of a plain network, without gradients, perhaps under bf16 autocast."""

    @torch.inference_mode()
    def run() -> Tensor:
        with torch.autocast(lr.device.type, torch.bfloat16, enabled=autocast):
            return network(lr)

    return run


def plain_step(network: nn.Module, lr: Tensor, hr: Tensor) -> Run:
    """Run a training step in float32, contiguous, eager."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-4, betas=(0.9, 0.99))

    def run() -> None:
        optimiser.zero_grad()
        (network(lr) - hr).abs().mean().backward()
        optimiser.step()

    return run


def our_step(model: nn.Module, lr: Tensor, hr: Tensor) -> Run:
    """Run a training step as `priorsr.training` does: bf16 autocast, channels_last, a fused optimiser."""
    model = model.to(memory_format=torch.channels_last)
    lr, hr = (tensor.to(memory_format=torch.channels_last) for tensor in (lr, hr))
    optimiser = torch.optim.Adam(model.parameters(), 1e-4, betas=(0.9, 0.99), fused=True)

    def run() -> None:
        optimiser.zero_grad()
        with torch.autocast(lr.device.type, torch.bfloat16):
            sr = model(lr).sr
        (sr.float() - hr).abs().mean().backward()
        optimiser.step()

    return run


def _case(lr: Tensor) -> str:
    return inference_case(len(lr), lr.shape[-1])


def _error(found: Tensor, wanted: Tensor) -> float:
    return ((found.double() - wanted.double()).norm() / wanted.double().norm()).item()
