from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from priorsr.errors import DataError
from priorsr.training.metrics_file import StepLine, ValidationLine, line_text, read_lines

STEP: dict[str, Any] = {
    "kind": "step",
    "stage": "net",
    "step": 10,
    "seconds": 0.5,
    "data_share": 0.1,
    "losses": {"net": 0.5},
    "logs": {"pixel": None, "far": -math.inf},
    "lr": {"net": 1e-3},
}
SCORED: dict[str, Any] = {
    "kind": "validation",
    "stage": "net",
    "step": 10,
    "seconds": 1.0,
    "faces": 3,
    "score": "psnr_y",
    "value": math.inf,
    "references": {"bicubic": math.inf},
}


def test_lines_come_back_as_they_were_with_infinity(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line_text(STEP) + line_text(SCORED))
    (step, scored), cut_off = read_lines(path)
    assert isinstance(step, StepLine)
    assert isinstance(scored, ValidationLine)
    assert step.logs == STEP["logs"]
    assert (scored.value, scored.references) == (math.inf, {"bicubic": math.inf})
    assert not cut_off


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line_text(STEP) + line_text(SCORED)[:-9])
    lines, cut_off = read_lines(path)
    assert len(lines) == 1
    assert cut_off


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "line 2: cannot be read as JSON"),
        ('{"kind": "step"', "line 2: cannot be read as JSON"),
        ("[" * 100_000, "line 2: cannot be read as JSON"),
        ("[]", "line 2: the line"),
        ('{"kind": "thought"}', "line 2: the line"),
        (line_text({**STEP, "step": "ten"}), "line 2: step is 'ten'"),
        (line_text({**STEP, "step": -1}), "line 2: step is -1"),
        (line_text({**STEP, "step": 10**400}), "line 2"),
        (line_text({**STEP, "seconds": 10**400}), "line 2"),
        (line_text({**STEP, "losses": {"net": "nan"}}), "line 2: losses.net is 'nan'"),
        (line_text({**STEP, "losses": []}), r"line 2: losses is \[\]"),
        (line_text({**SCORED, "value": None}), "line 2: value is None"),
        (line_text(SCORED).replace('"inf"', "NaN", 1), "line 2: cannot be read as JSON .NaN is no number"),
        (line_text({**SCORED, "score": "beauty"}), "line 2: score is 'beauty': psnr_y, parsing_iou or nme"),
        (line_text({**SCORED, "faces": 0}), "line 2: faces is 0"),
    ],
)
def test_a_line_that_no_run_writes_is_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line_text(STEP) + line.rstrip("\n") + "\n")
    with pytest.raises(DataError, match=rf"metrics\.jsonl: {sentence}"):
        read_lines(path)


def test_a_file_that_is_missing_or_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"metrics\.jsonl: there is no such file"):
        read_lines(tmp_path / "metrics.jsonl")
    (tmp_path / "metrics.jsonl").write_bytes(b"\xff\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl: cannot be read as text"):
        read_lines(tmp_path / "metrics.jsonl")
