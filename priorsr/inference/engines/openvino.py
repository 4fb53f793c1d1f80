"""OpenVINO: programs for CPUs, converted from `torch.export` in seconds, without a C++ compiler."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from priorsr.inference.acceleration_report import Precision
from priorsr.inference.engines.program import Compiled, Program
from priorsr.inference.engines.telemetry import without_telemetry
from priorsr.inference.form import Shaped
from priorsr.inference.quiet import quiet_loggers

_HINTS: dict[Precision, str] = {"float32": "f32", "bf16": "bf16", "int8": "f32"}  # int8: of what is not quantised


def obstacle(device: torch.device) -> str | None:
    """Return why OpenVINO cannot be used for a device, as the end of a sentence; None if it can."""
    if device.type != "cpu":
        return f"OpenVINO is used for CPUs only, not for {device.type}"
    if find_spec("openvino") is None:
        return "the package openvino is missing: install it with pip install 'priorsr[openvino]'"
    return None


@dataclass(frozen=True)
class OpenVINO:
    """OpenVINO as an engine, see `priorsr.inference.engines.program`. precision: that of convolutions and products."""

    precision: Precision
    name: str = "openvino"

    def compile(self, shaped: Shaped, tensors: Sequence[Tensor], say: Callable[[str], None]) -> Compiled:
        """Convert and compile `shaped(*tensors)` for tensors of these shapes."""
        say("converting for OpenVINO")
        return Compiled(load(convert(shaped, tensors), self.precision), "compiled")


class Converted(NamedTuple):
    """A form for one shape of input. model: an `openvino.Model`. places: for each tensor of the form, its output."""

    model: Any
    places: tuple[int, ...]


@cache
def core() -> Any:
    """Return the process's one `openvino.Core`, with its CPU plugin loaded.

    It is never released. Each core of OpenVINO 2026.4 gives the process a stack for signals and restores the one before
    at its end, which another core may have unmapped by then: the next signal that Python handles, such as the end of a
    child process, then ends the process by SIGSEGV.
    """
    with without_telemetry():
        import openvino
    found = openvino.Core()
    found.get_property("CPU", "FULL_DEVICE_NAME")
    return found


def convert(shaped: Shaped, tensors: Sequence[Tensor]) -> Converted:
    """Convert `shaped(*tensors)` for tensors of these shapes, in float32."""
    core()  # before any other, such as NNCF's
    import openvino

    plain = shaped.plain()
    with torch.no_grad(), quiet_loggers("torch.export"), warnings.catch_warnings(action="ignore"):
        distinct = _Distinct(plain, plain(*tensors))
        exported = torch.export.export(distinct, tuple(tensors)).run_decompositions(_DECOMPOSITIONS)
        return Converted(openvino.convert_model(exported), distinct.places)


def load(converted: Converted, precision: Precision) -> Program:
    """Compile for this machine, for as many threads as torch has now."""
    properties = {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    return program_of(core().compile_model(converted.model, "CPU", properties), converted.places)


def program_of(compiled: Any, places: Sequence[int]) -> Program:
    """Return an `openvino.CompiledModel` as a program. places: see `Converted`."""
    request = compiled.create_infer_request()

    def run(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        results = request.infer([tensor.numpy() for tensor in tensors], share_inputs=True)
        return tuple(torch.from_numpy(results[place].copy()) for place in places)

    return run


class _Distinct(nn.Module):
    """A form whose tensors are returned once each, since OpenVINO takes no output twice."""

    def __init__(self, shaped: Shaped, results: Sequence[Tensor]) -> None:
        super().__init__()
        self.shaped = shaped
        self._first = sorted({self._same(results, tensor) for tensor in results})
        self.places = tuple(self._first.index(self._same(results, tensor)) for tensor in results)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        results = self.shaped(*tensors)
        return tuple(results[place] for place in self._first)

    @staticmethod
    def _same(results: Sequence[Tensor], wanted: Tensor) -> int:
        return next(place for place, tensor in enumerate(results) if tensor is wanted)


def resize_bicubic(x: Tensor, size: Sequence[int] | None, align_corners: bool, *scales: Any) -> Tensor:
    """Resize bicubically with antialiasing by two matrix products, as `aten._upsample_bicubic2d_aa` does.

    OpenVINO has no antialiased bicubic form that treats borders as torch does.
    """
    if align_corners:
        raise NotImplementedError("aligned corners are not converted for OpenVINO")
    height, width = x.shape[-2:]
    factors = scales[0] if scales and isinstance(scales[0], Sequence) else scales
    rows, columns = size or (int(height * factors[0]), int(width * factors[1]))
    return _weights(height, rows).T @ x @ _weights(width, columns)


def _weights(given: int, wanted: int) -> Tensor:
    """Return the weight of each of `given` pixels of a line in each of `wanted`, (given,wanted): cubic, a = -0.5."""
    step = given / wanted
    centres = (torch.arange(wanted) + 0.5) * step - 0.5
    x = ((torch.arange(given)[:, None] - centres) / max(step, 1.0)).abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
    return weights / weights.sum(dim=0)


_DECOMPOSITIONS: dict[Any, Callable[..., Tensor]] = {
    torch.ops.aten._upsample_bicubic2d_aa.vec: resize_bicubic,
    torch.ops.aten._upsample_bicubic2d_aa.default: resize_bicubic,
}
