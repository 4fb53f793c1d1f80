"""The report of an acceleration: each step that was taken, and each that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

EngineName = Literal["inductor", "openvino", "eager"]
Precision = Literal["float32", "bf16", "int8"]


class PsnrChange(NamedTuple):
    """The change of the PSNR of some faces, in dB. mean: of their mean, without sign. most: of one face's."""

    mean: float
    most: float

    def __str__(self) -> str:
        return f"PSNR moved by {self.mean:.4f} dB on average, {self.most:.4f} dB for a face"


class Timing(NamedTuple):
    """The time of a call with the first faces of the check, for one engine and precision."""

    engine: EngineName
    precision: Precision
    milliseconds: float

    def __str__(self) -> str:
        return f"{self.engine} {self.precision} {self.milliseconds:.1f} ms"


@dataclass(frozen=True)
class AccelerationReport:
    """The steps taken for a model, and those refused, so far: a call with new shapes may compile, and add to them.

    precision: that of its convolutions and matrix products; it always returns float32.
    engine: "inductor" or "openvino", with one program for each shape that it was called with, or "eager".
    done, refused: a sentence each.
    psnr_change: on the faces of the check.
    timings: of all that passed the check, fastest first; empty where one was asked for.
    seconds: of the acceleration, compiling included.
    """

    precision: Precision
    engine: EngineName
    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    psnr_change: PsnrChange | None = None
    timings: tuple[Timing, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        change = "" if self.psnr_change is None else f", {self.psnr_change}"
        lines = [f"{self.engine}, {self.precision}{change}; took {self.seconds:.1f} s"]
        lines += [f"  timed: {', '.join(map(str, self.timings))}"] if self.timings else []
        lines += [f"  done: {sentence}" for sentence in self.done]
        lines += [f"  refused: {sentence}" for sentence in self.refused]
        return "\n".join(lines)
