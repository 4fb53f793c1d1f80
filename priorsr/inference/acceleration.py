"""Accelerate a model in one call."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import nn

from priorsr.containers import Batch
from priorsr.errors import BackendError, OptionError, WrongKindError
from priorsr.execution.bf16 import bf16_obstacle
from priorsr.inference.accelerated import Accelerated
from priorsr.inference.acceleration_report import AccelerationReport, Graph, Precision
from priorsr.inference.compilation import obstacle
from priorsr.inference.devices import device_of, find_device
from priorsr.inference.folding import fold
from priorsr.inference.form import Form
from priorsr.inference.trial_faces import Check, in_batches, synthetic_faces
from priorsr.memory import keep_freed_memory
from priorsr.sources import components_of
from priorsr.terminal import Terminal

MOST_PSNR = 0.01  # dB, that a face's PSNR may move by
MOST_ERROR = 1e-4  # of the largest value, that folding may move a tensor of the answer by, in float32
FACES = 4


def accelerate(
    model: nn.Module,
    faces: Batch | None = None,
    *,
    precision: Literal["auto", "float32", "bf16"] = "auto",
    graph: Literal["auto", "compiled", "eager"] = "auto",
    batch_size: int = 1,
    device: str | torch.device | None = None,
    show: bool = True,
) -> Accelerated:
    """Return a faster copy of a model for inference, with the same call; the model itself does not change.

    Folds what can be folded (see `priorsr.inference.folding`); lays images out as channels_last; computes in bf16 where
    there are instructions for it; compiles, with frozen weights, for batches of `batch_size` faces of the given faces'
    size. On a CPU the program is kept on disk, under PRIORSR_CACHE or ~/.cache/priorsr: compiling takes a minute or
    two, but once; and the process keeps the memory that it frees (see `priorsr.memory`). On a GPU the program is
    replayed as a CUDA graph.

    faces: the faces on which the result is compared to the model in float32: no face's PSNR may move by 0.01 dB or
    more. Unless given, drawn faces with LR images of 16 px. A model that needs a prior gets theirs.
    precision, graph: "auto" takes the fastest that passes; the report lists refused steps with the reason. Another
    value is used or raises: OptionError if bf16 changes the PSNR too much, BackendError if it cannot run.
    device: to run on; by default the model's. show: whether to report long steps on stderr.

    Raises WrongKindError for anything but a model, OptionError for other values or a batch without faces, and
    BackendError for a missing device.
    """
    _check_options(model, faces, precision, graph, batch_size)
    began = time.perf_counter()
    console = Terminal(stderr=True, quiet=not show)

    def say(text: str) -> None:
        console.print(f"accelerate {type(model).__name__}: {text}", markup=False, highlight=False, soft_wrap=True)

    original = copy.deepcopy(model).requires_grad_(False).eval()
    place = device_of(original) if device is None else find_device(device, "accelerate")
    original.to(place)
    faces = synthetic_faces(original, max(FACES, batch_size)) if faces is None else faces
    trouble = None if graph == "eager" else obstacle(place)
    if trouble and graph == "compiled":
        raise BackendError(f"graph='compiled' was asked for, but {trouble}")
    checked = Check(original, list(in_batches(faces, batch_size, place)))
    network, done, refused = _folded(checked)
    if place.type == "cpu" and keep_freed_memory():
        done += ("freed memory is kept for the next call, by the whole process",)
    form, change, too_far = _in_precision(network, precision, place, checked)
    report = AccelerationReport(form.precision, "eager", done, (*refused, *too_far), change)
    components = components_of([original], "inference", modules=[__name__])
    found = Accelerated(original, form, report, components, must_compile=graph == "compiled", say=say)
    if trouble:
        found.report = replace(report, refused=(*report.refused, f"compiling: {trouble}"))
    elif graph != "eager":
        _compile(found, checked, strict=graph == "compiled")
    found.report = replace(found.report, seconds=time.perf_counter() - began)
    return found


def _check_options(model: object, faces: Batch | None, precision: str, graph: str, batch_size: int) -> None:
    if not isinstance(model, nn.Module) or getattr(model, "kind", None) != "model" or hasattr(model, "accelerated"):
        raise WrongKindError(
            f"accelerate was given a {type(model).__name__}; a model that is not accelerated yet was expected"
        )
    for name, value, choices in (("precision", precision, Precision), ("graph", graph, Graph)):
        known = ("auto", *get_args(choices))
        if value not in known:
            raise OptionError(f"accelerate: {name} is {value!r}; one of {', '.join(known)} was expected")
    if batch_size < 1:
        raise OptionError(f"accelerate: batch_size is {batch_size}; 1 or more was expected")
    if faces is not None and not len(faces.lr):
        raise OptionError("accelerate was given a batch without faces; at least one was expected")


def _folded(checked: Check) -> tuple[nn.Module, tuple[str, ...], tuple[str, ...]]:
    """Return a copy of the model, folded if that changes nothing: (network, done, refused)."""
    network, done = fold(copy.deepcopy(checked.model))
    error = checked.error(network)
    if error < MOST_ERROR:
        return network, done, ()
    refusal = f"folding: it changes an output by {error:.1e} of its largest value; less than {MOST_ERROR} was expected"
    return copy.deepcopy(checked.model), (), (refusal,)


def _in_precision(
    network: nn.Module, precision: str, device: torch.device, checked: Check
) -> tuple[Form, float, tuple[str, ...]]:
    """Return the network's form in bf16, or else in float32: (form, change of the PSNR, refused)."""
    refused: tuple[str, ...] = ()
    if precision != "float32":
        reason = bf16_obstacle(device)
        if reason and precision == "bf16":
            raise BackendError(f"precision='bf16' was asked for, but {reason}")
        if reason is None:
            form = Form(copy.deepcopy(network), "bf16")
            change = checked.change(form)
            if change < MOST_PSNR:
                return form, change, refused
            reason = f"it moves a face's PSNR by {change:.4f} dB; less than {MOST_PSNR} was expected"
            if precision == "bf16":
                raise OptionError(f"precision='bf16' was asked for, but {reason}")
        refused = (f"bf16: {reason}",)
    form = Form(network, "float32")
    return form, checked.change(form), refused


def _compile(found: Accelerated, checked: Check, strict: bool) -> None:
    """Compile for the faces at hand, unless that moves the PSNR too far."""
    eager = found.report
    found.report = replace(eager, graph="compiled")
    change = checked.change(found)
    if not found.has_programs:
        found.report = replace(found.report, graph="eager")
        return
    if change < MOST_PSNR:
        found.report = replace(found.report, psnr_change=change)
        return
    reason = f"compiling moves a face's PSNR by {change:.4f} dB; less than {MOST_PSNR} was expected"
    if strict:
        raise BackendError(f"graph='compiled' was asked for, but {reason}")
    found.report = replace(eager, refused=(*eager.refused, reason))
