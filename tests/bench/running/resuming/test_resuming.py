"""Keep the results of an earlier run, finished or not, and refuse those that cannot be trusted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch
from doubles import Stored
from torch import nn

from priorsr import partial_files
from priorsr.bench import Record
from priorsr.bench.running import benchmark, journal, model_run
from priorsr.bench.store import outputs
from priorsr.bench.store.stored_images import save_images
from priorsr.errors import DataError
from tests.bench.running.resuming.timeless_records import timeless


class Killed(BaseException):
    """As if by SIGKILL: nobody catches it."""


def pixels(results: Path, record: Record) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((results / "outputs" / record.outputs).iterdir())}


@pytest.mark.parametrize(
    ("where", "name", "call", "before"),
    [
        (model_run, "save_outputs", 2, True),
        (journal.Journal, "add", 2, False),
        (journal.Journal, "add", 3, False),
        (model_run, "publish", 1, True),
        (outputs, "atomic_path", 1, None),
        (model_run, "publish", 1, False),
        (model_run, "write_record", 1, False),
        (journal.Journal, "remove", 2, True),
    ],
)
def test_a_run_that_was_killed_anywhere_goes_on_to_the_same_end(
    bench, lr, noisy, tmp_path, monkeypatch, where, name: str, call: int, before: bool | None
) -> None:
    """Before a call, after it, or, of a context manager, at the end of its block."""
    names = ("rounded", "exact")
    whole = bench(Stored(lr, noisy), names, out=tmp_path / "whole")
    bench("bicubic", names)
    real, left = getattr(where, name), [call]

    def deadly(*arguments: object, **options: object) -> object:
        left[0] -= 1
        if left[0] == 0 and before:
            raise Killed
        answer = real(*arguments, **options)
        if left[0] == 0 and before is None:
            return deadly_block(answer)
        if left[0] == 0:
            raise Killed
        return answer

    @contextmanager
    def deadly_block(block: AbstractContextManager[Path]) -> Iterator[Path]:
        with block as entered:
            yield entered
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(where, name, deadly)
        bench(Stored(lr, noisy), names)
    again = Stored(lr, noisy)
    resumed = bench(again, names)
    assert timeless(resumed) == timeless(whole)
    assert pixels(tmp_path, resumed[0]) == pixels(tmp_path / "whole", whole[0])
    assert again.count < 5 or where is outputs  # where images have their place, and nothing says yet what they are
    assert not [path for path in (tmp_path / ".partial").iterdir() if path.is_dir()]


def break_off(bench: Callable[..., list[Record]], model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until two of three batches are done."""
    bench("bicubic")
    add = journal.Journal.add

    def deadly(self: journal.Journal, index: int, *rest: object) -> None:
        add(self, index, *rest)
        if index == 1:
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(journal.Journal, "add", deadly)
        bench(model)


def test_only_what_is_missing_is_run(bench, lr, noisy, monkeypatch, capsys) -> None:
    model = Stored(lr, noisy)
    break_off(bench, model, monkeypatch)
    assert model.count == 4
    bench(model)
    assert model.count == 5
    assert "continues after 4 of 5 faces" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["torn", "edited", "another image", "no image", "batch size", "scorer"])
def test_unfinished_work_that_is_broken_or_of_something_else_is_not_believed(
    bench, lr, noisy, tmp_path, monkeypatch, damage: str
) -> None:
    whole = bench(Stored(lr, noisy), out=tmp_path / "whole")
    model = Stored(lr, noisy)
    break_off(bench, model, monkeypatch)
    (folder,) = (path for path in (tmp_path / ".partial").iterdir() if path.is_dir())
    lines = folder / "scores-0.jsonl"
    options = {}
    if damage == "torn":
        lines.write_bytes(lines.read_bytes()[:-100])
    elif damage == "edited":
        lines.write_bytes(lines.read_bytes().replace(b'"psnr": [', b'"psnr": [1'))
    elif damage == "another image":
        save_images(torch.rand(1, 3, 32, 32), ["cloud-1"], folder / "images")
    elif damage == "no image":
        (folder / "images" / "cloud-3.png").unlink()
    elif damage == "batch size":
        options["batch_size"] = 3
    elif damage == "scorer":
        monkeypatch.setattr(model_run, "scorer_hash", lambda: "0" * 64)
    again = Stored(lr, noisy)
    (resumed,) = bench(again, **options)
    assert resumed.scores == whole[0].scores
    assert again.count == {"torn": 3, "another image": 3, "no image": 3}.get(damage, 5)


def test_the_same_run_again_does_nothing(bench, lr, noisy, tmp_path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    bench(Stored(lr, noisy))
    before, model = times(), Stored(lr, noisy)
    bench(model)
    assert model.count == 0
    assert times() == before


def test_a_run_waits_for_another_one_of_the_same(bench, lr, noisy, tmp_path, monkeypatch) -> None:
    """Both begin before either has a record; the second finds what the first one made."""
    second = Stored(lr, noisy)
    real, found = benchmark.ModelRun.locked, []

    def late(self: model_run.ModelRun) -> object:
        if not found:
            found.append(None)
            found[0] = bench(Stored(lr, noisy))
        return real(self)

    monkeypatch.setattr(benchmark.ModelRun, "locked", late)
    bench("bicubic")
    assert bench(second) == found[0]
    assert second.count == 0


def test_what_killed_runs_left_is_swept_and_what_another_writes_stays(bench, tmp_path) -> None:
    parts = [
        tmp_path / folder / name
        for folder, name in (
            ("records", ".0123456789abcdef.json.0.part"),
            ("outputs/0123456789abcdef", ".cloud-0.png.0.part"),
            ("faces/0123456789ab/hr", ".cloud-1.png.4711.part"),
            (".partial/0123456789abcdef/images", ".cloud-2.npy.1.part"),
        )
    ]
    for part in parts:
        part.parent.mkdir(parents=True)
        part.write_text("half")
    old, held = (tmp_path / "outputs" / f".{digit * 16}.old" for digit in "af")
    for folder in (old, held):
        folder.mkdir()
        (folder / "cloud-0.png").touch()
    mine = tmp_path / "of-mine"
    mine.mkdir()
    (mine / ".notes.1.part").touch()
    with (
        partial_files.reserved(tmp_path / "outputs/at-work.json") as writing,
        journal.locked(tmp_path / ".partial" / f"{'f' * 16}.lock", print),
    ):
        bench("bicubic")
        assert writing.exists()
        assert held.exists()
    assert not old.exists()
    assert not any(part.exists() for part in parts)
    assert (mine / ".notes.1.part").exists()
    bench("bicubic")
    assert not held.exists()


def test_a_pipe_in_place_of_a_lock_does_not_hang(bench, tmp_path) -> None:
    path = tmp_path / ".partial/a.lock"
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a\.lock: cannot be written"), journal.locked(path, print):
        pass
