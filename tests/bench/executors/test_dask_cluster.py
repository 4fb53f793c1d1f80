"""Tasks on a real Dask cluster of two worker processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from work import Deadly, Long, Patient, Square, Wrong

from priorsr.bench.executors.clusters import open_cluster
from priorsr.errors import OptionError, PriorsrError
from priorsr.execution.stopping import StoppedError

dask = pytest.importorskip("dask", reason="dask is not installed (the extra dask)")
distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed (the extra dask)")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers of one thread each. A nanny replaces a killed one; its task is lost at once, not moved by Dask."""
    processes = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**processes) as started,
    ):
        yield started


@pytest.fixture
def address(cluster: Any) -> str:
    return f"dask://{cluster.scheduler_address.removeprefix('tcp://')}"


def test_tasks_run_on_the_workers_and_one_that_is_killed_costs_its_task_only(
    carried_out, address, tmp_path, printed
) -> None:
    awaited = tmp_path / "awaited"

    def kill_one() -> None:
        while len(found := sorted(tmp_path.glob("waits-*"))) < 2:
            time.sleep(0.05)
        os.kill(int(found[0].name.removeprefix("waits-")), signal.SIGKILL)
        while len(list(tmp_path.glob("waits-*"))) < 3:  # the lost task is at work again
            time.sleep(0.05)
        awaited.touch()

    threading.Thread(target=kill_one, daemon=True).start()
    with open_cluster(address, tmp_path) as executor:
        assert carried_out([Patient(2, awaited=awaited), Patient(3, awaited=awaited)], executor) == [4, 9]
    assert len(list(tmp_path.glob("waits-*"))) == 3
    assert printed.getvalue().count("was lost (KilledWorker") == 1


def test_errors_arrive_and_a_task_that_kills_its_workers_is_given_up(carried_out, cluster, address, tmp_path) -> None:
    with open_cluster(address, tmp_path) as executor:
        with pytest.raises(OptionError, match="^square of 1: the width is -1"):
            carried_out([Wrong(1)], executor)
        with pytest.raises(RuntimeError, match="LockedError: cannot travel"):
            carried_out([Wrong(1, which="lock")], executor)
        with pytest.raises(PriorsrError, match=r"square of 7: was lost 3 times, at last since: KilledWorker"):
            carried_out([Deadly(7, folder=tmp_path, deaths=3)], executor)
        assert carried_out([Square(3)], executor) == [9]


def test_ctrl_c_stops_tasks_in_the_threads_of_workers(carried_out, address, tmp_path) -> None:
    def press() -> None:
        while not list(tmp_path.glob("began-*")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with open_cluster(address, tmp_path) as executor, pytest.raises(StoppedError, match="stopped after 0 of 3 tasks"):
        carried_out([Long(n, folder=tmp_path) for n in range(3)], executor)
    began, saved = ({path.name[-1] for path in tmp_path.glob(f"{what}-*")} for what in ("began", "saved"))
    assert began == saved


def test_a_users_own_executor_of_dask_tries_again_too(carried_out, cluster, tmp_path, printed) -> None:
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        executor = client.get_executor()  # which gives the same call the same name, and so the same result
        assert carried_out([Deadly(7, folder=tmp_path, deaths=1)], executor) == [49]
    assert "square of 7: was lost (KilledWorker" in printed.getvalue()


def test_an_address_without_a_scheduler_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("priorsr.bench.executors.dask_cluster.CONNECT_SECONDS", 1)
    with pytest.raises(OptionError, match=r"^tcp://127.0.0.1:9: no Dask scheduler could be reached \(") as raised:
        open_cluster("dask://127.0.0.1:9", tmp_path)
    assert "\n" not in str(raised.value)
