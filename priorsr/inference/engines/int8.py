"""Quantisation to int8 by NNCF with accuracy control, run by OpenVINO."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from priorsr.errors import BackendError
from priorsr.inference.engines.openvino import Converted, convert, load, program_of
from priorsr.inference.engines.openvino import obstacle as openvino_obstacle
from priorsr.inference.engines.program import Compiled, Program
from priorsr.inference.engines.signal_stack import same_signal_stack
from priorsr.inference.engines.telemetry import without_telemetry
from priorsr.inference.form import Shaped
from priorsr.inference.quiet import quiet_loggers

Excess = Callable[[Program], float]
"""Returns how far a program's scores are from the bounds: 1 where a bound is just reached, 0 without any change."""


def obstacle(device: torch.device) -> str | None:
    """Return why nothing can be quantised for a device, as the end of a sentence; None if it can."""
    if find_spec("nncf") is None and device.type == "cpu":
        return "the package nncf is missing: install it with pip install 'priorsr[openvino]'"
    return openvino_obstacle(device)


@dataclass(frozen=True)
class QuantisedOpenVINO:
    """OpenVINO in int8 as an engine, see `priorsr.inference.engines.program`.

    faces: the tensors of each call on the calibration faces, all of one shape. excess: what accuracy control keeps
    below 1, by leaving operations in float32 that cost most.

    A program is quantised for the faces' shape; it computes any other number of faces in groups of as many.
    """

    faces: Sequence[Sequence[Tensor]]
    excess: Excess
    name: str = "openvino"

    def compile(self, shaped: Shaped, tensors: Sequence[Tensor], say: Callable[[str], None]) -> Compiled:
        """Quantise `shaped`; raises BackendError for tensors of another shape than the faces'."""
        wanted, found = ([tuple(tensor.shape) for tensor in given] for given in (self.faces[0], tensors))
        if wanted != found:
            raise BackendError(f"it was calibrated for {wanted}, and got {found}")
        say("quantising, which takes minutes")
        return Compiled(load(quantise(convert(shaped, tensors), self.faces, self.excess), "int8"), "quantised")


def quantise(converted: Converted, faces: Sequence[Sequence[Tensor]], excess: Excess) -> Converted:
    """Return a form with its operations in int8, but for those without which `excess` is above 1."""
    with without_telemetry():
        import nncf
    items = [[tensor.numpy() for tensor in tensors] for tensors in faces]
    data = nncf.Dataset(items, lambda item: item if len(item) > 1 else item[0])

    def validate(compiled: Any, _: Any) -> tuple[float, None]:
        return -excess(program_of(compiled, converted.places)), None

    # NNCF makes cores of its own, see `core`
    with quiet_loggers("nncf"), redirect_stdout(io.StringIO()), same_signal_stack():
        quantised = nncf.quantize_with_accuracy_control(
            converted.model,
            calibration_dataset=data,
            validation_dataset=data,
            validation_fn=validate,
            max_drop=1.0,
            drop_type=nncf.DropType.ABSOLUTE,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(items),
        )
    return converted._replace(model=quantised)
