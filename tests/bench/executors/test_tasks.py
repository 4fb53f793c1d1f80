"""Tasks over executors: results in order, lost tasks again, errors, interruptions, folders that are not shared."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from work import Deadly, Long, Patient, Square, Wrong

from priorsr.bench.executors import lease, on_worker
from priorsr.bench.executors.local_processes import LocalProcesses
from priorsr.errors import DataError, OptionError, PriorsrError
from priorsr.execution.stopping import StoppedError


@pytest.fixture(scope="module")
def two() -> Iterator[LocalProcesses]:
    with LocalProcesses(2, 1) as processes:
        yield processes


class ElsewhereExecutor(ThreadPoolExecutor):
    """Runs calls whose tickets lead to another folder, as on a machine that does not share the caller's."""

    def __init__(self, **changes: object) -> None:
        super().__init__(1)
        self.changes, self.calls = changes, 0

    def submit(self, fn, /, task, ticket, mark):  # type: ignore[no-untyped-def, override]
        self.calls += 1
        return super().submit(fn, task, replace(ticket, **self.changes), mark)


def test_results_are_in_the_order_of_the_tasks_and_nothing_is_left(carried_out, printed, two, tmp_path) -> None:
    assert carried_out([Square(n) for n in (5, 3, 4)], two) == [25, 9, 16]
    assert list(tmp_path.iterdir()) == []
    assert "square of 3: three is odd" in printed.getvalue()
    assert "3 of 3 finished: square of" in printed.getvalue()


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), lambda: ProcessPoolExecutor(1, get_context("spawn"))])
def test_any_executor_gives_the_same(carried_out, make) -> None:
    with make() as executor:
        assert carried_out([Square(n) for n in range(4)], executor) == [0, 1, 4, 9]


def test_a_worker_that_dies_costs_its_task_only(carried_out, printed, two, tmp_path) -> None:
    """The other process is at its task when the first one dies, and stays."""
    awaited = tmp_path / "try-1"  # of the second try
    assert carried_out([Deadly(7, folder=tmp_path), Patient(2, awaited=awaited)], two) == [49, 4]
    assert "square of 7: was lost (BrokenProcessPool" in printed.getvalue()
    assert "square of 2: was lost" not in printed.getvalue()
    assert len(list(tmp_path.glob("waits-*"))) == 1


def test_a_task_that_kills_every_worker_ends_in_one_sentence(carried_out, two, tmp_path) -> None:
    with pytest.raises(PriorsrError, match=r"^square of 7: was lost 3 times, at last since: BrokenProcessPool"):
        carried_out([Deadly(7, folder=tmp_path, deaths=9)], two)
    assert len(list(tmp_path.glob("try-*"))) == 3
    assert carried_out([Square(3)], two) == [9]  # the pool was made anew


@pytest.mark.parametrize(
    ("which", "error", "text"),
    [
        ("option", OptionError, "^square of 1: the width is -1; a positive number was expected$"),
        ("zero", ZeroDivisionError, "division by zero"),
        ("exit", RuntimeError, "SystemExit: 3"),
        ("lock", RuntimeError, "LockedError: cannot travel: a lock"),
    ],
)
def test_an_error_arrives_with_its_traceback_and_stops_the_others(
    carried_out, two, tmp_path, which, error, text
) -> None:
    with pytest.raises(error, match=text) as raised:
        carried_out([Long(1, folder=tmp_path), Wrong(1, which=which)], two)
    assert "in work" in str(raised.value.__cause__)
    assert (tmp_path / "began-1").exists() == (tmp_path / "saved-1").exists()


def test_ctrl_c_stops_running_tasks_once_they_have_saved_and_starts_no_other(carried_out, two, tmp_path) -> None:
    def press() -> None:
        while len(list(tmp_path.glob("began-*"))) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(StoppedError, match=r"stopped after 0 of 3 tasks \(work\), and saved; the same command or call"):
        carried_out([Long(n, folder=tmp_path) for n in range(3)], two)
    assert sorted(path.name for path in tmp_path.glob("saved-*")) == ["saved-0", "saved-1"]
    assert not (tmp_path / "began-2").exists()


def test_a_task_stops_when_its_caller_is_heard_of_no_more(tmp_path, monkeypatch) -> None:
    for name, seconds in (("TOUCH", 1000.0), ("PATIENCE", 1.0), ("LOOK", 0.1)):  # no touch, as after its death
        monkeypatch.setattr(lease, f"{name}_SECONDS", seconds)
    with lease.leased(tmp_path) as held:
        ticket = on_worker.Ticket.write(held, [])
        outcome = on_worker.carry_out(Long(1, folder=tmp_path), ticket, "task")
    assert outcome.stopped
    assert (tmp_path / "saved-1").exists()


def test_an_executor_that_takes_nothing_ends_in_one_sentence(carried_out) -> None:
    over = ThreadPoolExecutor(1)
    over.shutdown()
    with pytest.raises(PriorsrError, match=r"was lost 3 times, at last since: RuntimeError: cannot schedule new"):
        carried_out([Square(1)], over)


def test_a_folder_that_workers_do_not_share_is_noticed_before_anything_runs(carried_out, tmp_path) -> None:
    elsewhere = lease.Lease(tmp_path / "gone" / ".tasks-1", "content")
    with (
        ElsewhereExecutor(lease=elsewhere) as executor,
        pytest.raises(DataError, match=r"the worker .*: .*gone: is not shared with the caller \(No such file"),
    ):
        carried_out([Long(1, folder=tmp_path)], executor)
    assert executor.calls == 1  # the check
    assert not (tmp_path / "began-1").exists()


def test_another_folder_version_or_file_is_noticed(carried_out, tmp_path) -> None:
    file = tmp_path / "weights"
    file.write_text("one")
    with ThreadPoolExecutor(1) as executor:
        assert carried_out([Square(1, files=(file,)), Square(2)], executor) == [1, 4]
    twin = tmp_path / "twin" / ".tasks-1"
    twin.mkdir(parents=True)
    (twin / "lease").write_text("another caller's")
    for changes, text in (
        ({"lease": lease.Lease(twin, "this caller's")}, "twin: is another folder than the caller's"),
        ({"version": "0.0.1"}, "is installed; the caller's 0.0.1 was expected"),
        ({"folder": tmp_path / "home"}, "home: the caller's current folder is not shared"),
        ({"files": {file: "0" * 64}}, "weights: differs from the caller's"),
        ({"files": {tmp_path / "lost": "0" * 64}}, "lost: is not shared with the caller"),
    ):
        with ElsewhereExecutor(**changes) as executor, pytest.raises(DataError, match=text):
            carried_out([Square(1, files=(file,))], executor)
        assert executor.calls == 1


def test_every_worker_is_checked_where_the_executor_reaches_each(carried_out, printed) -> None:
    class Reaching(ThreadPoolExecutor):
        workers = 2

        def on_each_worker(self, fn, *args):  # type: ignore[no-untyped-def]
            return [fn(*args) for _ in range(self.workers)]

    with Reaching(1) as executor:
        assert carried_out([Square(2)], executor) == [4]
        executor.workers = 0
        assert carried_out([Square(2)], executor) == [4]
    assert printed.getvalue().count("no worker yet") == 1


def test_another_machine_is_told_once(carried_out, printed, monkeypatch) -> None:
    class Other(Executor):
        def submit(self, fn, /, *args):  # type: ignore[no-untyped-def]
            with monkeypatch.context() as patch:
                patch.setattr(on_worker, "processor", lambda: "Abacus 3000")
                future: Future = Future()
                future.set_result(fn(*args))
                return future

    carried_out([Square(1), Square(2)], Other())
    threads = torch.get_num_threads()
    assert printed.getvalue().count("Abacus 3000") == 1
    assert f"computes with {threads} thread" in printed.getvalue()
    assert "the last digits may differ" in printed.getvalue()


def test_leases_of_killed_callers_are_swept_and_those_of_others_stay(tmp_path) -> None:
    for name, age in (("old", 1000), ("new", 10)):
        (tmp_path / f".tasks-{name}").mkdir()
        (tmp_path / f".tasks-{name}" / "lease").touch()
        os.utime(tmp_path / f".tasks-{name}" / "lease", (time.time() - age,) * 2)
    with lease.leased(tmp_path):
        assert not (tmp_path / ".tasks-old").exists()
    assert (tmp_path / ".tasks-new").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"), lease.leased(tmp_path / "file"):
        pass


def test_a_files_fingerprint_is_of_its_size_its_beginning_and_its_end(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(on_worker, "PART_BYTES", 4)
    found = set()
    for text in ("", "a", "abcdefghijkl", "abcdefghijkm", "bbcdefghijkl", "abcdefghijklm"):
        (tmp_path / "file").write_text(text)
        found.add(on_worker.fingerprint(tmp_path / "file"))
    assert len(found) == 6
