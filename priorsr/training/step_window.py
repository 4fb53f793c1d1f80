"""Average steps into metrics lines, and check that losses are finite."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from accelerate import Accelerator

from priorsr.errors import PriorsrError
from priorsr.training.loop import StepRecord


class StepWindow:
    """Collects steps, and makes a metrics line of them: it waits for the device once a line, not once a step."""

    def __init__(self, stage: str, accelerator: Accelerator) -> None:
        self._stage = stage
        self._accelerator = accelerator
        self._records: list[StepRecord] = []
        self._began = 0.0

    def restart(self) -> None:
        """Restart the clock for the steps to come."""
        self._began = time.perf_counter()

    def add(self, record: StepRecord) -> None:
        """Add a step."""
        self._records.append(record)

    def line(self) -> dict[str, Any]:
        """Return the line of the steps since the last: means over steps and processes, seconds a step, and data's
        share.

        Raises PriorsrError naming the stage, the step and the term for the first loss that is NaN or infinite.
        """
        records, self._records = self._records, []
        keys = [
            (record, kind, name) for record in records for kind in ("losses", "logs") for name in getattr(record, kind)
        ]
        scalars = [getattr(record, kind)[name].float() for record, kind, name in keys]
        values = self._accelerator.reduce(torch.stack(scalars), "mean").tolist() if scalars else []
        seconds = time.perf_counter() - self._began
        self.restart()
        series: dict[str, dict[str, list[float]]] = {"losses": {}, "logs": {}}
        for (record, kind, name), value in zip(keys, values, strict=True):
            if kind == "losses" and not math.isfinite(value):
                raise PriorsrError(self._not_finite(record, name, value))
            series[kind].setdefault(name, []).append(value)
        return {
            "kind": "step",
            "stage": self._stage,
            "step": records[-1].step,
            **{kind: {name: _mean(found) for name, found in by_name.items()} for kind, by_name in series.items()},
            "lr": dict(records[-1].rates),
            "seconds": round(seconds / len(records), 5),
            "data_share": round(sum(record.data_seconds for record in records) / seconds, 3),
        }

    def _not_finite(self, record: StepRecord, name: str, value: float) -> str:
        terms = [term for term, scalar in record.logs.items() if not math.isfinite(float(scalar))]
        of_terms = f" (of its terms: {', '.join(terms)})" if terms else ""
        return (
            f"training stopped: in the stage {self._stage!r}, the loss {name!r} is {value} at step {record.step}"
            f"{of_terms}; the last checkpoint is from before it, and a lower learning rate or clip may help"
        )


def _mean(values: list[float]) -> float | None:
    """Return the mean, to six digits; None, which JSON can hold, where it is NaN."""
    total = math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
    return None if math.isnan(total) else float(f"{total / len(values):.6g}")
