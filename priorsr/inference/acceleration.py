"""Accelerate a model in one call."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import torch
from torch import nn

from priorsr.containers import Batch
from priorsr.errors import OptionError, WrongKindError
from priorsr.inference.accelerated import Accelerated
from priorsr.inference.acceleration_report import AccelerationReport
from priorsr.inference.candidates import AskedEngine, AskedPrecision, candidates
from priorsr.inference.devices import device_of, find_device
from priorsr.inference.folding import fold
from priorsr.inference.trial_faces import Check, in_batches, synthetic_faces
from priorsr.inference.trials import BOUNDS, PsnrBounds, Trials
from priorsr.memory import keep_freed_memory
from priorsr.sources import components_of
from priorsr.terminal import Terminal

MOST_ERROR = 1e-4  # of the largest value, that folding may move a tensor of the result by, in float32
FACES = 4


def accelerate(
    model: nn.Module,
    faces: Batch | None = None,
    *,
    engine: AskedEngine = "auto",
    precision: AskedPrecision = "auto",
    bounds: tuple[float, float] | None = None,
    batch_size: int = 1,
    device: str | torch.device | None = None,
    show: bool = True,
) -> Accelerated:
    """Return a faster copy of a model for inference, with the same call; the model itself does not change.

    Folds what can be folded (see `priorsr.inference.folding`), lays images out as channels_last, and takes the engine
    and the precision that are the fastest on this machine, for batches of `batch_size` faces of the given faces' size.
    On a CPU the process keeps the memory that it frees (see `priorsr.memory`). On a GPU the program is replayed as a
    CUDA graph.

    faces: the faces on which the result is compared to the model in float32. Unless given, drawn faces with LR images
        of 16 px. A model that needs a prior gets theirs.
    engine: "openvino" (extra `openvino`) converts and compiles within seconds, for CPUs; "inductor" compiles within a
        minute or two, and keeps its programs on disk, under PRIORSR_CACHE or ~/.cache/priorsr; "eager" compiles
        nothing. "auto" times eager and OpenVINO, or Inductor where OpenVINO is not installed, and takes the fastest.
    precision: of convolutions and matrix products: "float32", "bf16", or "int8", which is for OpenVINO and quantises
        on `faces`: real ones, some dozens, with HR images. "auto" times float32 and bf16, and takes the faster.
    bounds: by how many dB the faces' PSNR may move: (their mean, a single face). Unless given, (0.01, 0.05), and
        (0.03, 0.15) in int8. Operations that cost more in int8 stay in float32.
    device: to run on; by default the model's. show: whether to report long steps on stderr.

    "auto" refuses a form that moves the PSNR further than the bounds, and the report names the reason. An engine or a
    precision that was asked for is used or raises: OptionError if it changes the PSNR too much, BackendError if it
    cannot run.

    Raises WrongKindError for anything but a model, OptionError for other values, a batch without faces, or int8 without
    faces, and BackendError for a missing device.
    """
    _check_options(model, faces, engine, precision, batch_size)
    within = BOUNDS[precision] if bounds is None else PsnrBounds.check(bounds)
    began = time.perf_counter()
    say = _teller(type(model).__name__, show)
    original = copy.deepcopy(model).requires_grad_(False).eval()
    place = device_of(original) if device is None else find_device(device, "accelerate")
    original.to(place)
    found = candidates(engine, precision, place)
    faces = synthetic_faces(original, max(FACES, batch_size)) if faces is None else faces
    check = Check(original, list(in_batches(faces, batch_size, place)))
    network, done, refused = _folded(check)
    if place.type == "cpu" and keep_freed_memory():
        done += ("freed memory is kept for the next call, by the whole process",)
    components = components_of([original], "inference", modules=[__name__])
    report = AccelerationReport("float32", "eager", done, refused + found.refused)
    trials = Trials(check, network, within, report, components, strict=engine != "auto", say=say)
    fastest = trials.fastest(found.tried)
    if fastest is None:
        asked = [
            f"{name}={value!r}" for name, value in (("engine", engine), ("precision", precision)) if value != "auto"
        ]
        if asked:
            raise OptionError(f"{' and '.join(asked)} was asked for, but is refused: {trials.refusal}")
        fastest = trials.unchecked()
    fastest.report = replace(fastest.report, seconds=time.perf_counter() - began)
    return fastest


def _teller(name: str, show: bool) -> Callable[[str], None]:
    console = Terminal(stderr=True, quiet=not show)

    def say(text: str) -> None:
        console.print(f"accelerate {name}: {text}", markup=False, highlight=False, soft_wrap=True)

    return say


def _check_options(model: object, faces: Batch | None, engine: str, precision: str, batch_size: int) -> None:
    if not isinstance(model, nn.Module) or getattr(model, "kind", None) != "model" or hasattr(model, "accelerated"):
        raise WrongKindError(
            f"accelerate was given a {type(model).__name__}; a model that is not accelerated yet was expected"
        )
    for name, value, choices in (("engine", engine, AskedEngine), ("precision", precision, AskedPrecision)):
        known = get_args(choices)
        if value not in known:
            raise OptionError(f"accelerate: {name} is {value!r}; one of {', '.join(known)} was expected")
    if batch_size < 1:
        raise OptionError(f"accelerate: batch_size is {batch_size}; 1 or more was expected")
    if faces is not None and not len(faces.lr):
        raise OptionError("accelerate was given a batch without faces; at least one was expected")
    if precision == "int8" and faces is None:
        raise OptionError(
            "accelerate: precision 'int8' needs faces to be quantised on; a Batch of some dozens of real ones was "
            "expected"
        )


def _folded(check: Check) -> tuple[nn.Module, tuple[str, ...], tuple[str, ...]]:
    """Return a copy of the model, folded if that changes nothing: (network, done, refused)."""
    network, done = fold(copy.deepcopy(check.model))
    error = check.error(network)
    if error < MOST_ERROR:
        return network, done, ()
    refusal = f"folding: it changes an output by {error:.1e} of its largest value; less than {MOST_ERROR} was expected"
    return copy.deepcopy(check.model), (), (refusal,)
