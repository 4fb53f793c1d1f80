"""Arrange a run's metrics as panels of curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from priorsr.training.metrics_file import Line, StepLine, ValidationLine
from priorsr.training.validation_scores import SCORES
from priorsr.viz.panels import Panel


def panels(lines: Iterable[Line]) -> dict[str, list[Panel]]:
    """Return the panels of each stage of a run: the score on validation faces, losses, logged terms, learning rates."""
    stages: dict[str, list[Line]] = {}
    for line in lines:
        stages.setdefault(line.stage, []).append(line)
    return {stage: list(_panels(found)) for stage, found in stages.items()}


def _panels(lines: Sequence[Line]) -> Iterable[Panel]:
    scores = [line for line in lines if isinstance(line, ValidationLine)]
    steps = [line for line in lines if isinstance(line, StepLine)]
    if scores:
        label, unit, _ = SCORES[scores[-1].score]
        ours = ([line.step for line in scores], [line.value for line in scores])
        yield Panel(f"val {label} ({unit})" if unit else f"val {label}", {"ours": ours}, levels=scores[-1].references)
    for kind, title in (("losses", "loss"), ("logs", "logged")):
        for name, line in _series(steps, kind).items():
            yield Panel(f"{title}: {name}", {name: line}, noisy=True)
    rates = _series(steps, "lr")
    if rates:
        yield Panel("learning rate", rates)


def _series(lines: Sequence[StepLine], kind: str) -> dict[str, tuple[list[float], list[float]]]:
    """Return the values under `kind` by name, each with its steps; lines without one are left out."""
    series: dict[str, tuple[list[float], list[float]]] = {}
    for line in lines:
        values: Mapping[str, float | None] = getattr(line, kind)
        for name, value in values.items():
            if value is not None:
                x, y = series.setdefault(name, ([], []))
                x.append(line.step)
                y.append(value)
    return series
