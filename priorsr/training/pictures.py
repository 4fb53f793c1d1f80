"""A run's metrics as curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from priorsr.viz.curves import Panel


def panels(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[Panel]]:
    """The panels of each stage of a run: PSNR on validation faces, every loss, every logged term, learning rates."""
    stages: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        stages.setdefault(line["stage"], []).append(line)
    return {stage: list(_panels(found)) for stage, found in stages.items()}


def _panels(lines: list[Mapping[str, Any]]) -> Iterable[Panel]:
    scores = [line for line in lines if line["kind"] == "validation"]
    steps = [line for line in lines if line["kind"] == "step"]
    if scores:
        ours = ([line["step"] for line in scores], [line["psnr_y"] for line in scores])
        yield Panel("val PSNR on Y (dB)", {"SR": ours}, levels={"bicubic": scores[-1]["bicubic_psnr_y"]})
    for kind, title in (("losses", "loss"), ("logs", "logged")):
        for name, line in _series(steps, kind).items():
            yield Panel(f"{title}: {name}", {name: line}, noisy=True)
    rates = _series(steps, "lr")
    if rates:
        yield Panel("learning rate", rates)


def _series(lines: list[Mapping[str, Any]], kind: str) -> dict[str, tuple[list[float], list[float]]]:
    """The values under `kind` by name, each with its steps; lines without one are left out."""
    series: dict[str, tuple[list[float], list[float]]] = {}
    for line in lines:
        for name, value in line[kind].items():
            if value is not None:
                x, y = series.setdefault(name, ([], []))
                x.append(line["step"])
                y.append(value)
    return series
