"""Benchmarks by executors: the same records as in this process, and what other processes cannot be given."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.bench import Record, read_results, run
from priorsr.bench.executors import on_worker
from priorsr.bench.executors.local_processes import LocalProcesses
from priorsr.errors import DataError, OptionError


@pytest.fixture
def weights(tmp_path: Path) -> list[Path]:
    """The files of two small models, of which one takes a prior."""
    files = []
    for name, options in (("plain", {}), ("told", {"fusion": "concat"})):
        torch.manual_seed(0)
        files.append(tmp_path / f"{name}.safetensors")
        priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1, **options), files[-1])
    return files


def digits(records: list[Record]) -> list[dict[str, object]]:
    """All that does not depend on when and how fast records were made."""
    return [
        record.model_dump(exclude={"created": True, "cost": {"latency", "peak_memory_bytes"}}) for record in records
    ]


def test_records_are_the_same_to_the_last_digit(bench, weights, tmp_path) -> None:
    threads = torch.get_num_threads()
    asked = {"protocols": ["dic@1", "pfsr@1", "priorsr@1"], "prior": "ground-truth"}
    here = bench([*weights, "bicubic"], out=tmp_path / "here", **asked)
    with LocalProcesses(1, threads) as processes:
        there = bench([*weights, "bicubic"], out=tmp_path / "there", executor=processes, **asked)
    assert digits(there) == digits(here)
    assert [record.model.label for record in there[::3]] == ["plain", "told", "bicubic"]
    both = [sorted(read_results(tmp_path / name), key=lambda record: record.id) for name in ("here", "there")]
    assert digits(both[0]) == digits(both[1])
    files = [{path.relative_to(tmp_path / n) for path in (tmp_path / n).rglob("*.png")} for n in ("here", "there")]
    assert files[0] == files[1]
    with ThreadPoolExecutor(1) as over:  # which is not asked, since all is finished
        over.shutdown()
        assert bench([*weights], out=tmp_path / "there", executor=over, **asked) == there[:6]


def test_a_stopped_task_goes_on_from_its_batches(bench, weights, tmp_path, monkeypatch, capsys) -> None:
    """As after a worker was told to stop: the next try continues."""
    asked = iter([False, True])
    monkeypatch.setattr("priorsr.bench.running.model_run.is_asked_to_stop", lambda: next(asked, False))
    with ThreadPoolExecutor(2) as executor:
        found = bench(weights[0], out=tmp_path / "out", executor=executor)
    printed = capsys.readouterr().err
    assert "bicubic: was lost (it was stopped on" in printed
    assert "bicubic: bicubic, clouds val: continues after 4 of 5 faces" in printed
    assert digits(found) == digits(bench(weights[0], out=tmp_path / "here"))


def test_a_model_in_memory_is_refused(bench, tmp_path) -> None:
    model = priorsr.create("model", "bicubic")
    with pytest.raises(OptionError, match=r"a Bicubic in memory is given as model; with jobs or an executor, a name"):
        bench(model, jobs=2, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_jobs_and_an_executor_are_refused(bench) -> None:
    with pytest.raises(OptionError, match="jobs is 2, and an executor is given"):
        bench("bicubic", jobs=2, executor=ThreadPoolExecutor(1))
    with pytest.raises(OptionError, match="jobs is 0; a number from 1 to 1024 was expected"):
        bench("bicubic", jobs=0)


def test_a_face_set_that_a_worker_has_otherwise_is_noticed(faces, weights, tmp_path, monkeypatch) -> None:
    moved = shutil.copytree(faces.path, tmp_path / "set")
    check = on_worker.Ticket.check

    def elsewhere(ticket: on_worker.Ticket, mark: str) -> on_worker.Machine:
        (moved / "manifest.json").write_text("{}")
        return check(ticket, mark)

    monkeypatch.setattr(on_worker.Ticket, "check", elsewhere)
    with ThreadPoolExecutor(1) as executor, pytest.raises(DataError, match=r"set/manifest.json: differs from the call"):
        run(weights[0], data=moved, split="val", protocols=["dic@1"], out=tmp_path / "out", executor=executor)
    assert not (tmp_path / "out" / "records").exists()
