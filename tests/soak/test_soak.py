"""A few of the mutants, kills and odd paths of `make soak`."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.soak import archives, kills, mutants, mutating, paths
from tests.soak.processes import prepare, run
from tests.soak.targets import TARGETS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prepare()
    return tmp_path_factory.mktemp("soak")


def test_mutants_are_refused_by_name_or_change_nothing(folder: Path) -> None:
    """Every third file, by the first command that reads it; `make soak` tries all."""
    files = list({target.glob: number for number, target in reversed(list(enumerate(TARGETS)))}.values())[::3]
    tally = mutating.soak(folder, files, seed=1, real_every=10**9)
    assert tally.faults == [], str(tally)
    assert sum(tally.refused.values()) > len(files) // 3
    assert sum(tally.same.values()) > len(files) // 10


def test_what_was_killed_goes_on_and_ends_as_what_was_not(folder: Path) -> None:
    tally = kills.soak(folder, [2], seed=1, real_every=10**9)
    assert tally.faults == [], str(tally)
    assert sum(tally.kills.values()) == 1


def test_odd_paths_are_refused_by_name(folder: Path) -> None:
    refused = [case for case in paths.cases() if not case.serves]
    kinds = {"missing", "folder", "pipe", "device", "empty", "unreadable", "below-a-file"}
    few = [case for odd in sorted(kinds) for case in [case for case in refused if case.odd == odd][::50]]
    tally = paths.soak(folder, few)
    assert tally.faults == [], str(tally)
    assert tally.refused == Counter(case.odd for case in few)
    assert set(tally.refused) == kinds


def test_faults_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the soak looks for, it sees: a traceback, a hang, a nameless refusal, another result, an escape."""
    from priorsr.cli import catalogue
    from priorsr.errors import DataError

    place = folder / "faulty"
    place.mkdir()
    file = place / "a.json"

    def raising(error: BaseException) -> str:
        def broken(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(catalogue, "offers", broken)
        return mutating._problem(run(["list"], place), file, place)

    assert "exit code 1" in raising(RuntimeError("a fault"))
    assert "refused without its name" in raising(DataError("b.json: is no record"))
    assert raising(DataError("a.json: is no record")) == ""
    assert mutating._otherwise([1.0], [1.0]) == ""
    assert "silently another result" in mutating._otherwise([1.0], [1.0000000001])
    assert "silently another result" in mutating._otherwise({"a": 1}, {"a": 2, "b": 3})
    (place / archives.EXECUTED).touch()
    assert mutating._problem(run(["--version"], place), file, place) == "what it holds was executed"
    monkeypatch.setattr(catalogue, "offers", lambda *_: __import__("time").sleep(60))
    assert run(["list"], place, seconds=0.5).code is None


def test_a_seed_and_a_number_give_the_same_mutant_again(tmp_path: Path) -> None:
    for number in range(20):
        found = set()
        for name in "ab":
            (tmp_path / name).write_text('{"a": [1, {"b": "c"}], "d": 2.5}')
            what = mutants.json_file(random.Random(f"7/{number}"), tmp_path / name)
            found.add((what, (tmp_path / name).read_bytes()))
        assert len(found) == 1


def test_hostile_pickles_would_run_what_they_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pth"
    path.write_bytes(archives._pickled([archives._Call("builtins.exec", f"open({archives.EXECUTED!r}, 'w')")], 2))
    with open(path, "rb") as file:
        pickle.load(file)
    assert (tmp_path / archives.EXECUTED).exists()
