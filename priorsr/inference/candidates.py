"""Candidates of an acceleration: the engines and precisions that can be tried for a model on a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import torch

from priorsr.errors import BackendError, OptionError
from priorsr.execution.half import bf16_obstacle
from priorsr.inference.acceleration_report import EngineName, Precision
from priorsr.inference.engines import inductor, int8, openvino

AskedEngine = Literal["auto", "inductor", "openvino", "eager"]
AskedPrecision = Literal["auto", "float32", "bf16", "int8"]

_COMPILERS: Mapping[EngineName, Callable[[torch.device], str | None]] = {
    "openvino": openvino.obstacle,
    "inductor": inductor.obstacle,
}


class Candidate(NamedTuple):
    """An engine and a precision."""

    engine: EngineName
    precision: Precision

    def __str__(self) -> str:
        return f"{self.precision} by {self.engine}" if self.engine != "eager" else f"{self.precision}, eager"


class Candidates(NamedTuple):
    """The candidates that can be tried, in their order. refused: a sentence for each that was left out."""

    tried: tuple[Candidate, ...]
    refused: tuple[str, ...]


def candidates(engine: AskedEngine, precision: AskedPrecision, device: torch.device) -> Candidates:
    """Return the candidates for what was asked.

    "auto" stands for eager and OpenVINO, or Inductor, whose compiling takes a minute or two, where OpenVINO cannot be
    used; and for float32 and bf16. int8 is tried where it is asked for, and by OpenVINO only.

    Raises BackendError where an engine or a precision that was asked for cannot be used, OptionError for two that do
    not go together.
    """
    if precision == "int8":
        return Candidates((_int8(engine, device),), ())
    engines, refused = _engines(engine, device)
    precisions, no_bf16 = _precisions(precision, device)
    return Candidates(tuple(Candidate(name, chosen) for name in engines for chosen in precisions), refused + no_bf16)


def _int8(engine: AskedEngine, device: torch.device) -> Candidate:
    if engine not in ("auto", "openvino"):
        raise OptionError(f"accelerate: precision 'int8' is computed by the engine 'openvino'; engine is {engine!r}")
    reason = int8.obstacle(device)
    if reason:
        raise BackendError(f"precision='int8' was asked for, but {reason}")
    return Candidate("openvino", "int8")


def _engines(asked: AskedEngine, device: torch.device) -> tuple[tuple[EngineName, ...], tuple[str, ...]]:
    if asked == "eager":
        return ("eager",), ()
    if asked != "auto":
        reason = _COMPILERS[asked](device)
        if reason:
            raise BackendError(f"engine={asked!r} was asked for, but {reason}")
        return (asked,), ()
    refused = []
    for name, obstacle in _COMPILERS.items():
        reason = obstacle(device)
        if reason is None:
            return ("eager", name), ()
        refused.append(f"{name}: {reason}")
    return ("eager",), tuple(refused)


def _precisions(asked: AskedPrecision, device: torch.device) -> tuple[tuple[Precision, ...], tuple[str, ...]]:
    if asked == "float32":
        return ("float32",), ()
    reason = bf16_obstacle(device)
    if asked == "bf16":
        if reason:
            raise BackendError(f"precision='bf16' was asked for, but {reason}")
        return ("bf16",), ()
    return (("float32",), (f"bf16: {reason}",)) if reason else (("float32", "bf16"), ())
