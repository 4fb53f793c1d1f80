"""Writing a face set: interruptions, damage, and what a set cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from priorsr.data import About, Face, FaceSet, Pixels, Provenance, write_face_set
from priorsr.data.writer import JOURNAL
from priorsr.errors import DataError
from priorsr.signed_lines import read_lines
from tests.data.box_faces import ABOUT, HAND, faces, pixels


def test_an_interrupted_writing_is_taken_up_again(tmp_path: Path) -> None:
    made: list[int] = []
    resumes = False

    def make(index: int) -> Pixels:
        made.append(index)
        if index == 11 and not resumes:
            raise KeyboardInterrupt
        return pixels(index)

    with pytest.raises(KeyboardInterrupt):
        write_face_set(tmp_path / "set", faces(14, make), ABOUT)
    with pytest.raises(DataError, match=r"no manifest\.json"):
        FaceSet.open(tmp_path / "set")
    with open(tmp_path / "set" / JOURNAL, "a") as journal:
        journal.write('{"id": "f12", "key": "to')  # as a power cut leaves it
    written = {entry["id"] for entry in read_lines(tmp_path / "set" / JOURNAL)}
    (tmp_path / "set/images/f0.png").write_bytes(b"broken")
    assert "f0" in written
    made.clear()
    resumes = True
    resumed = write_face_set(tmp_path / "set", faces(14, make), ABOUT)
    assert {f"f{index}" for index in made} == {f"f{index}" for index in range(14)} - written | {"f0"}
    assert resumed.verify() == []
    assert resumed.hash == write_face_set(tmp_path / "whole", faces(14), ABOUT).hash
    assert not (tmp_path / "set" / JOURNAL).exists()


def test_faces_that_are_no_longer_asked_for_go(tmp_path: Path) -> None:
    def broken(index: int) -> Pixels:
        if index == 5:
            raise DataError("broken")
        return pixels(index)

    with pytest.raises(DataError, match="broken"):
        write_face_set(tmp_path / "set", faces(6, broken), ABOUT)
    (tmp_path / "set/images/.f3.png.77.part").write_bytes(b"torn")
    finished = write_face_set(tmp_path / "set", faces(2), ABOUT)
    assert finished.verify() == []
    assert sorted(path.stem for path in (tmp_path / "set/images").iterdir()) == ["f0", "f1"]


def test_a_user_s_files_in_an_unfinished_set_stay(tmp_path: Path) -> None:
    def broken(index: int) -> Pixels:
        raise DataError("broken")

    with pytest.raises(DataError, match="broken"):
        write_face_set(tmp_path / "set", faces(2, broken), ABOUT)
    for mine in ("lr/f0.png", "notes/thesis.txt", "images/mine/f0.png"):
        (tmp_path / "set" / mine).parent.mkdir(parents=True)
        (tmp_path / "set" / mine).write_text("years of work")
    write_face_set(tmp_path / "set", faces(2), ABOUT)
    for mine in ("lr/f0.png", "notes/thesis.txt", "images/mine/f0.png"):
        assert (tmp_path / "set" / mine).read_text() == "years of work"


@pytest.mark.parametrize("name", ["../../escaped", "..", ".hidden", "a/b", "", "a\nb"])
def test_names_that_leave_the_set_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    for what, face in (
        ("split", Face("f0", name, "", lambda: pixels(0))),
        ("face", Face(name, "train", "", lambda: pixels(0))),
    ):
        with pytest.raises(DataError, match=f"the {what} .* cannot be the name of a file") as caught:
            write_face_set(tmp_path / "deep/set", [*faces(2), face], ABOUT)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_faces_of_several_sizes_are_no_set_nor_when_taken_up_again(tmp_path: Path) -> None:
    def make(index: int) -> Pixels:
        return Pixels(np.zeros((8, 8 + 4 * (index == 2), 3), dtype=np.uint8))

    for _ in range(2):
        with pytest.raises(DataError, match="the face 'f2' is 8 x 12, but the face 'f0' is 8 x 8; all of one size"):
            write_face_set(tmp_path / "set", faces(make=make), ABOUT)


def test_a_set_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="file: is a file; a folder to write the face set to was expected") as caught:
        write_face_set(tmp_path / "file/set", faces(), ABOUT)
    assert "\n" not in str(caught.value)


def test_a_finished_set_is_kept_and_never_mixed(tmp_path: Path) -> None:
    first = write_face_set(tmp_path / "set", faces(), ABOUT)
    before = (tmp_path / "set/manifest.json").stat().st_mtime_ns

    def never(index: int) -> Pixels:
        raise AssertionError

    assert write_face_set(tmp_path / "set", faces(make=never), ABOUT).hash == first.hash
    assert (tmp_path / "set/manifest.json").stat().st_mtime_ns == before
    with pytest.raises(DataError, match="made from other files or options"):
        write_face_set(tmp_path / "set", faces(key="other"), ABOUT)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="is not empty"):
        write_face_set(tmp_path / "mine", faces(), ABOUT)
    with pytest.raises(DataError, match=r"thesis\.txt: is a file; a folder"):
        write_face_set(tmp_path / "mine/thesis.txt", faces(), ABOUT)


def test_what_a_set_cannot_hold_is_told(tmp_path: Path) -> None:
    def written(part: Pixels, **provenance: Provenance) -> None:
        write_face_set(tmp_path / "set", faces(2, lambda _: part), ABOUT, **provenance)

    small = np.zeros((4, 4), dtype=np.uint8)
    with pytest.raises(DataError, match=r"'f0': is 8 x 8, but its parsing map is 4 x 4"):
        written(pixels(0)._replace(parsing=small), parsing=HAND)
    nan = np.full((68, 2), np.nan, dtype=np.float32), np.ones(68, dtype=bool)
    with pytest.raises(DataError, match="'f0': landmark 0 is NaN"):
        written(pixels(0)._replace(landmarks=nan), landmarks=HAND)
    with pytest.raises(DataError, match="has landmarks; the tool that made them was expected"):
        written(pixels(0)._replace(landmarks=(nan[0], ~nan[1])))
    with pytest.raises(DataError, match="float64 of shape"):
        written(Pixels(np.zeros((8, 8, 3))))
    with pytest.raises(DataError, match="no faces"):
        write_face_set(tmp_path / "set", [], ABOUT)
    twice = [*faces(2), Face("f0", "test", "", lambda: pixels(0))]
    with pytest.raises(DataError, match="'f0' is given twice, in train and in test"):
        write_face_set(tmp_path / "set", twice, ABOUT)


@pytest.mark.parametrize(
    ("parsing", "problem"),
    [
        (np.full((8, 8), 19, dtype=np.uint8), "'f0': has the class 19; the classes 0 to 18 of celebamask-19"),
        (np.zeros((8, 8), dtype=np.int64), r"'f0': its parsing map is int64 of shape \(8, 8\); uint8 \(H, W\)"),
        (np.zeros((8, 8, 1), dtype=np.uint8), r"'f0': its parsing map is uint8 of shape \(8, 8, 1\)"),
    ],
)
def test_maps_that_could_not_be_read_again_are_not_written(tmp_path: Path, parsing: np.ndarray, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        write_face_set(
            tmp_path / "set", faces(2, lambda index: pixels(index)._replace(parsing=parsing)), ABOUT, parsing=HAND
        )
    with pytest.raises(DataError, match="'f0': is 0 x 8; 1 to 67,108,864 pixels were expected"):
        write_face_set(tmp_path / "set", faces(2, lambda _: Pixels(np.zeros((0, 8, 3), dtype=np.uint8))), ABOUT)


def test_texts_that_are_not_utf8_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for field in ("name", "source", "licence", "version"):
        with pytest.raises(DataError, match=f"the set's {field} .* is not UTF-8; give another {field}"):
            write_face_set(tmp_path / "set", faces(2), ABOUT._replace(**{field: "caf\udce9"}))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    "line", [b"null", b"[]", b'{"id": "f0"}', b"\xff\xfe", b'{"id": ["f0"]}', b'"f0"', b"[" * 100_000]
)
def test_a_damaged_journal_costs_time_only(tmp_path: Path, line: bytes) -> None:
    def broken(index: int) -> Pixels:
        if index == 3:
            raise DataError("broken")
        return pixels(index)

    with pytest.raises(DataError, match="broken"):
        write_face_set(tmp_path / "set", faces(4, broken), ABOUT)
    journal = tmp_path / "set" / JOURNAL
    journal.write_bytes(line + b"\n" + journal.read_bytes())
    assert write_face_set(tmp_path / "set", faces(4), ABOUT).verify() == []


def test_landmarks_that_were_altered_in_the_journal_are_made_again(tmp_path: Path) -> None:
    stops = True

    def make(index: int) -> Pixels:
        if index == 3 and stops:
            raise DataError("broken")
        points = np.stack([np.arange(68), np.arange(68) % 7], 1).astype(np.float32)
        return pixels(index)._replace(landmarks=(points, np.ones(68, bool)))

    made_by = Provenance(tool="a hand", version="1")
    with pytest.raises(DataError, match="broken"):
        write_face_set(tmp_path / "set", faces(4, make), ABOUT, landmarks=made_by)
    journal = tmp_path / "set" / JOURNAL
    assert b"[13.0, " in journal.read_bytes()
    journal.write_bytes(journal.read_bytes().replace(b"[13.0, ", b"[11.0, "))
    stops = False
    made = write_face_set(tmp_path / "set", faces(4, make), ABOUT, landmarks=made_by)
    assert made.hash == write_face_set(tmp_path / "whole", faces(4, make), ABOUT, landmarks=made_by).hash


def test_what_a_file_browser_leaves_in_a_new_folder_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/.DS_Store").write_bytes(b"stray")
    assert write_face_set(tmp_path / "set", faces(2), ABOUT).verify() == []


def test_no_room_for_what_was_written_down_is_one_sentence_and_the_same_call_goes_on(
    tmp_path: Path, no_room: Any
) -> None:
    def face(index: int) -> Face:
        def make() -> Pixels:
            return Pixels(np.full((16, 16, 3), index, np.uint8))

        return Face(f"f{index}", "train", f"{index}", make)

    faces = [face(index) for index in range(30)]
    about = About("set", "drawn", "none")
    with no_room(2000), pytest.raises(DataError, match=rf"{JOURNAL}: cannot be written"):
        write_face_set(tmp_path / "set", faces, about)
    made = write_face_set(tmp_path / "set", faces, about)
    assert made.manifest.files == write_face_set(tmp_path / "whole", faces, about).manifest.files
