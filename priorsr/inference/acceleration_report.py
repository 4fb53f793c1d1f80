"""The report of an acceleration: each step that was taken, and each that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Graph = Literal["compiled", "eager"]
Precision = Literal["float32", "bf16"]


@dataclass(frozen=True)
class AccelerationReport:
    """The steps taken for a model, and those refused, so far: a call with new shapes may compile, and add to them.

    precision: that of its convolutions and matrix products; it always returns float32.
    graph: "compiled", one program for each shape that it was called with, or "eager".
    done, refused: a sentence each.
    psnr_change: the largest change of a face's PSNR in dB, on the faces of the check; None without a check.
    seconds: of the acceleration, compiling included.
    """

    precision: Precision
    graph: Graph
    done: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    psnr_change: float | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        change = "" if self.psnr_change is None else f", PSNR moved by {self.psnr_change:.4f} dB at most"
        lines = [f"{self.graph}, {self.precision}{change}; took {self.seconds:.1f} s"]
        lines += [f"  done: {sentence}" for sentence in self.done]
        lines += [f"  refused: {sentence}" for sentence in self.refused]
        return "\n".join(lines)
