from __future__ import annotations

import io
import math
from typing import Any

import pytest
from rich.console import Console

from priorsr.training import progress_report
from priorsr.training.progress_report import ProgressReport

STEP = {"stage": "student", "step": 40, "losses": {"student": 0.04213}, "seconds": 0.5}
MEASURED = {"score": "psnr_y", "value": 23.456, "references": {"bicubic": 22.67}, "faces": 32}
SCORE: dict[str, Any] = {"stage": "student", "step": 50, **MEASURED}


def tell(console: Console | None) -> str:
    said = ProgressReport(console)
    said.begin("student", 100, 20)
    said.step(STEP)
    said.validated(SCORE)
    said.step({**STEP, "step": 60})
    said.end()
    return console.file.getvalue() if console else ""  # type: ignore[attr-defined]


def console(**options: Any) -> Console:
    return Console(file=io.StringIO(), width=120, **options)


def test_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_report, "LINE_SECONDS", 0)
    assert tell(console()).splitlines() == [
        "student: 100 steps, 20 of them done",
        "student: 40/100  loss student 0.04213  500 ms a step  0:30 left",
        "student: step 50  val PSNR 23.46 dB on 32 faces (bicubic 22.67)",
        "student: 60/100  loss student 0.04213  val PSNR 23.46 dB  500 ms a step  0:20 left",
    ]


def test_lines_come_now_and_then() -> None:
    assert "40/100" not in tell(console())


def test_a_bar_on_a_terminal() -> None:
    shown = tell(console(force_terminal=True))
    assert "60/100" in shown
    assert "loss student 0.04213  val PSNR 23.46 dB" in shown


def test_an_estimators_score_has_nothing_beside_it() -> None:
    said = ProgressReport(console())
    said.validated({**SCORE, "score": "parsing_iou", "value": 0.71234, "references": {}})
    assert said._console.file.getvalue() == "student: step 50  val parsing IoU 0.712 on 32 faces\n"  # type: ignore[union-attr]


def test_an_infinite_score_is_told_as_one() -> None:
    said = ProgressReport(console())
    said.validated({**SCORE, "value": math.inf, "references": {"bicubic": math.inf}})
    assert said._console.file.getvalue() == "student: step 50  val PSNR ∞ dB on 32 faces (bicubic ∞)\n"  # type: ignore[union-attr]


def test_silence() -> None:
    assert tell(None) == ""
