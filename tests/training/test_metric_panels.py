from __future__ import annotations

import math

from priorsr.training.metric_panels import panels
from priorsr.training.metrics_file import StepLine, ValidationLine


def step(stage: str, step: int, loss: float, **logs: float | None) -> StepLine:
    return StepLine(kind="step", stage=stage, step=step, seconds=0.1, losses={"net": loss}, logs=logs, lr={"net": 0.1})


def test_a_panel_for_every_quantity_of_every_stage() -> None:
    score = ValidationLine(
        kind="validation",
        stage="student",
        step=20,
        seconds=1.0,
        score="psnr_y",
        value=math.inf,
        references={"bicubic": 22.0},
        faces=8,
    )
    found = panels(
        [step("teacher", 10, 0.5), step("student", 10, 0.4, l1=0.3), step("student", 20, 0.3, l1=None), score]
    )
    assert {stage: [panel.title for panel in those] for stage, those in found.items()} == {
        "teacher": ["loss: net", "learning rate"],
        "student": ["val PSNR (dB)", "loss: net", "logged: l1", "learning rate"],
    }
    psnr, loss, l1, _ = found["student"]
    assert psnr.lines == {"ours": ([20], [math.inf])}
    assert psnr.levels == {"bicubic": 22.0}
    assert loss.lines == {"net": ([10, 20], [0.4, 0.3])}
    assert l1.lines == {"l1": ([10], [0.3])}


def test_nothing_yet() -> None:
    assert panels([]) == {}
