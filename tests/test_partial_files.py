"""What is half-written: told from what is being written, and swept."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from priorsr import partial_files
from priorsr.errors import DataError
from priorsr.files import atomic_path, atomic_text
from priorsr.partial_files import reserved, sweep

WRITER = """
import sys, time
from pathlib import Path
from priorsr.files import atomic_path
with atomic_path(Path(sys.argv[1])) as beside:
    beside.write_text("half")
    print(beside, flush=True)
    time.sleep(600)
"""


def writer(path: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that is writing a file, and what it writes to."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_swept_and_what_is_being_written_stays(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    dead, left = writer(tmp_path / "deep/a.png")
    alive, written = writer(tmp_path / "deep/b.png")
    try:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        (tmp_path / "deep/.c.png.4711.part").write_text("of a version that did not lock")
        for name in ("d.part", ".e.part", ".f.7.parts", "g.7.part"):
            (tmp_path / name).write_text("somebody's")
        sweep(tmp_path)
        assert not left.exists()
        assert written.read_text() == "half"
        assert {path.name for path in tmp_path.iterdir()} == {"deep", "d.part", ".e.part", ".f.7.parts", "g.7.part"}
        assert list((tmp_path / "deep").iterdir()) == [written]
    finally:
        alive.kill()
        alive.wait()


def test_the_next_writer_of_a_name_takes_what_a_killed_one_left(tmp_path: Path) -> None:
    dead, left = writer(tmp_path / "a.json")
    dead.kill()
    dead.wait()
    with atomic_path(tmp_path / "a.json") as beside:
        assert beside == left
        assert beside.read_bytes() == b""
        beside.write_text("whole")
    assert (tmp_path / "a.json").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_two_writers_of_a_name_have_files_of_their_own(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert (tmp_path / "a").read_text() == "one"  # which was renamed last
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_many_threads_and_a_sweeper_lose_nothing(tmp_path: Path) -> None:
    stop, failures = threading.Event(), []

    def write(number: int) -> None:
        try:
            for _ in range(50):
                atomic_text(tmp_path / "shared", f"{number}" * 100)
                atomic_text(tmp_path / f"own-{number}", f"{number}")
        except Exception as error:
            failures.append(error)

    def clean() -> None:
        while not stop.is_set():
            sweep(tmp_path)

    sweeper = threading.Thread(target=clean)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in (sweeper, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    sweeper.join()
    assert failures == []
    assert len(set((tmp_path / "shared").read_text())) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"own-{n}" for n in range(4)), "shared"]


def test_where_there_are_no_locks_files_are_written_and_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_files, "lock", lambda _: None)
    atomic_text(tmp_path / "a", "whole")
    with reserved(tmp_path / "b") as part:
        assert part.name == f".b.{os.getpid()}.part"
        sweep(tmp_path)
        assert part.exists()
        part.replace(tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_refusal_in_the_block_is_one_sentence_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_text(path, "old")
    sentence = f"^{path}: cannot be written \\(No space left on device\\)$"
    with pytest.raises(DataError, match=sentence), atomic_path(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    other = tmp_path / "nowhere/b"
    with pytest.raises(FileNotFoundError, match="nowhere/b"), atomic_path(path):
        other.read_text()  # which is read, and not this file's fault
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["file/a", "x" * 300])
def test_a_place_where_nothing_can_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        atomic_text(tmp_path / name, "text")
