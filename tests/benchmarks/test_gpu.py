"""The one command for a GPU runs, small, and what it writes can be believed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmarks import gpu
from benchmarks.cases.kernels import KernelCase, channel_gate, kernel_cases
from benchmarks.cases.systems import images, system_cases
from benchmarks.goals import goals, judged
from benchmarks.measure.context import Context
from benchmarks.measure.report import Goal, Row, markdown, read, schema
from benchmarks.sections import systems
from benchmarks.sections.kernels import measure_kernel, worst_error

SCHEMA = Path(gpu.__file__).parent / "gpu.schema.json"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpu")
    assert gpu.main(["--small", "--out", str(folder)]) == 0
    return folder


def test_a_small_run_measures_everything(written: Path) -> None:
    report = read(written / "gpu.json")
    assert report.small
    assert report.unfinished == ()
    assert {row.section for row in report.rows} == set(gpu.SHARES)
    for op in (*gpu.BUILDERS, "parsing_attention"):
        ours = [row for row in report.rows if row.section == op and row.variant == "ours" and row.milliseconds]
        assert {row.what for row in ours} == {"forward", "forward and backward"}
        assert all(row.error is not None and row.error < 1e-2 and row.milliseconds for row in ours)
    accelerated = [row for row in report.rows if row.variant == "accelerated"]
    assert len(accelerated) == 4
    assert all(row.error < 0.05 for row in accelerated)


def test_a_small_run_asserts_no_goal(written: Path) -> None:
    report = read(written / "gpu.json")
    assert report.goals
    assert {goal.verdict for goal in report.goals} == {"not asserted"}


def test_the_table_is_the_reports(written: Path) -> None:
    text = (written / "gpu.md").read_text(encoding="utf-8")
    assert text == markdown(read(written / "gpu.json"))
    assert all(f"\n## {section}\n" in text for section in gpu.SHARES)


def test_the_committed_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema(), "see benchmarks/README.md"


def test_a_field_that_nobody_knows_is_refused(written: Path, tmp_path: Path) -> None:
    content = json.loads((written / "gpu.json").read_text(encoding="utf-8"))
    content["rows"][0]["speed"] = 1
    (tmp_path / "gpu.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="speed"):
        read(tmp_path / "gpu.json")


def test_what_is_wrong_is_not_timed() -> None:
    def wrong(*inputs: Tensor, backend: str) -> Tensor:
        return right.fused(*inputs, backend=backend) * (1 + 1e-3)

    right = channel_gate(2, 8)
    case = replace(right, fused=wrong)
    rows = list(measure_kernel(Context(CPU, small=True, deadline=0), case, torch.float32))
    ours = [row for row in rows if row.variant == "ours"]
    assert len(ours) == 2
    assert all(row.milliseconds is None and row.note.startswith("not timed") for row in ours)
    assert any(row.variant == "eager" and row.milliseconds for row in rows)


def test_what_fails_does_not_take_its_rivals_with_it() -> None:
    def fails(*inputs: Tensor, backend: str) -> Tensor:
        raise TypeError("no such kernel")

    case = replace(channel_gate(2, 8), fused=fails)
    rows = list(measure_kernel(Context(CPU, small=True, deadline=0), case, torch.float32))
    assert {row.note for row in rows if row.variant == "ours"} == {"failed: TypeError: no such kernel"}
    assert any(row.variant == "eager" and row.milliseconds for row in rows)


def test_a_network_that_cannot_be_accelerated_does_not_take_its_rivals_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise TypeError("no such program")

    monkeypatch.setattr(systems, "accelerate", fails)
    case = next(case for case in system_cases(small=True) if case.name == "pfsr")
    rows = list(systems._inference(Context(CPU, small=True, deadline=0), case, images(1, 8)))
    assert [row.note for row in rows if row.variant == "accelerated"] == ["failed: TypeError: no such program"]
    assert all(row.milliseconds for row in rows if row.variant.startswith("plain"))
    assert len(rows) == 3


def test_nan_is_wrong() -> None:
    case = channel_gate(2, 8)
    assert not worst_error(case, lambda *inputs: case.plain(*inputs) * float("nan"), CPU, torch.float32) <= 1


def test_a_wrong_gradient_shows() -> None:
    case = channel_gate(2, 8)

    def op(x: Tensor, *others: Tensor) -> Tensor:
        return case.plain(x, *others) + 0.1 * (x - x.detach())

    assert worst_error(case, op, CPU, torch.float32) > 1e-2


@pytest.mark.parametrize("case", tuple(kernel_cases(small=True)), ids=lambda case: case.name)
def test_what_eager_moves_is_no_less_than_the_floor(case: KernelCase) -> None:
    from benchmarks.measure.traffic import traffic

    for backward in (False, True):
        assert traffic(case.plain, case.inputs(CPU), backward=backward) >= case.floors.of(backward=backward).bytes


def test_a_section_that_fails_harms_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(context: Context) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(gpu, "ceilings", fails)
    monkeypatch.setattr(gpu, "SHARES", {"ceilings": 1, "channel_gate": 1})
    assert gpu.main(["--small", "--out", str(tmp_path)]) == 1
    report = read(tmp_path / "gpu.json")
    assert report.unfinished == ("ceilings: RuntimeError: no such luck",)
    assert {row.section for row in report.rows} == {"channel_gate"}


def test_a_section_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    assert gpu._apart("ceilings", CPU, time.monotonic() + 0.05, tmp_path) == "not done in its 0 s"


def test_rows_that_were_kept_outlive_their_process(tmp_path: Path) -> None:
    row = Row(section="ceilings", case="1 MB", variant="torch", what="copy", milliseconds=1.0)
    (tmp_path / "ceilings.jsonl").write_text(row.model_dump_json() + "\n" + row.model_dump_json()[:20])
    assert gpu._read("ceilings", tmp_path) == [row]


def test_goals_are_judged_on_their_hardware_only() -> None:
    case = channel_gate(64, 128)
    times = {"ours": 1.0, "eager": 2.5, "torch.compile": 1.2}
    rows = [
        Row(
            section=case.op,
            case=case.name,
            variant=variant,
            what="forward and backward",
            milliseconds=milliseconds,
            of_floor=0.95,
            least_bytes=8,
            moved_bytes=18,
        )
        for variant, milliseconds in times.items()
    ]
    verdicts = {goal.goal: goal.verdict for goal in goals(rows, [case], "NVIDIA H200", small=False)[:3]}
    assert verdicts == {
        "share of the copy's rate": "reached",
        "times as fast as eager": "reached",  # 2.5 of 0.9 * 18 / 8
        "times as fast as torch.compile": "missed",  # 1.2 of 1.3
    }
    other = goals(rows, [case], "NVIDIA A100", small=False)
    assert all(goal.verdict == "not asserted" and "A100" in goal.reason for goal in other)


def test_a_goal_that_was_not_measured_is_not_reached() -> None:
    goal = Goal(case="x", goal="y", wanted=1.0, measured=None, verdict="not asserted")
    assert judged(goal, "").reason == "it was not measured"
