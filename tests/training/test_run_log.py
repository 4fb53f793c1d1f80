from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from priorsr.training.progress_report import ProgressReport
from priorsr.training.run_folder import RunFolder
from priorsr.training.run_log import RunLog, flatten

LINE: dict[str, Any] = {
    "kind": "step",
    "stage": "student",
    "step": 10,
    "losses": {"net": 0.5},
    "logs": {"l1": None},
    "lr": {"net": 0.1},
    "seconds": 0.2,
    "data_share": 0.0,
}


def test_a_line_goes_to_the_metrics_and_to_the_trackers_counted_over_all_stages(tmp_path: Path) -> None:
    tracked: list[Any] = []
    accelerator: Any = SimpleNamespace(is_main_process=True, log=lambda values, step: tracked.append((step, values)))
    folder = RunFolder(tmp_path)
    log = RunLog(folder, accelerator, ProgressReport(None))
    log.begin("student", 100, 0, steps_before=50)
    log.write(LINE)
    assert [line.model_dump(exclude_none=False) for line in folder.lines()] == [
        {name: value for name, value in LINE.items() if name != "data_share"}
    ]
    values = {"losses/net": 0.5, "lr/net": 0.1, "seconds": 0.2, "data_share": 0.0}
    assert tracked == [(60, {f"student/{name}": value for name, value in values.items()})]


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    accelerator: Any = SimpleNamespace(is_main_process=False)
    log = RunLog(RunFolder(tmp_path), accelerator, ProgressReport(None))
    log.write(LINE)
    log.draw(now=True)
    assert list(tmp_path.iterdir()) == []


def test_flattened_names_hold_numbers_only() -> None:
    assert flatten({"stage": "config", "seed": 3, "recipe": "dic", "data": {"hash": "ab"}, "step": 1}) == {
        "config/seed": 3
    }
