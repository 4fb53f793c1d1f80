from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from priorsr.data import About, Face, FaceSet, Pixels, Provenance, write_face_set
from priorsr.data.images import read_image
from priorsr.data.landmarks_file import read_landmarks, write_landmarks
from priorsr.data.maps import read_parsing
from priorsr.data.writer import JOURNAL
from priorsr.errors import DataError, PriorsrError
from priorsr.signed_lines import read_lines

ABOUT = About(name="boxes", source="a test", licence="none")
HAND = Provenance(tool="hand", version="1")


def pixels(index: int) -> Pixels:
    return Pixels(np.random.default_rng(index).integers(0, 256, (8, 8, 3), dtype=np.uint8))


def faces(count: int = 4, make: Callable[[int], Pixels] = pixels, key: str = "") -> list[Face]:
    """Faces f0, f1, ..., of which the last is val."""

    def face(index: int) -> Face:
        return Face(f"f{index}", "train" if index < count - 1 else "val", f"{key}{index}", lambda: make(index))

    return [face(index) for index in range(count)]


@pytest.fixture
def copied(tiny_faces: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_faces, tmp_path / "copied"))


def edit_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_set_gives_back_what_was_written(tmp_path: Path) -> None:
    parsing = np.arange(64, dtype=np.uint8).reshape(8, 8) % 19
    points = np.random.default_rng(0).random((68, 2)).astype(np.float32), np.arange(68) % 2 == 0

    def make(index: int) -> Pixels:
        return (
            pixels(index)._replace(parsing=parsing, landmarks=points, image_format="JPEG")
            if index < 3
            else pixels(index)
        )

    write_face_set(tmp_path / "set", faces(make=make), ABOUT, parsing=HAND, landmarks=HAND)
    opened = FaceSet.open(tmp_path / "set")
    assert opened.splits == ("train", "val")
    assert opened.ids("train") == ("f0", "f1", "f2")
    for index in range(4):
        assert np.array_equal(opened.image(f"f{index}"), pixels(index).image)
    found, landmarks = opened.parsing("f1"), opened.landmarks("f1")
    assert found is not None
    assert np.array_equal(found, parsing)
    assert landmarks is not None
    assert landmarks[0].dtype == np.float32
    assert np.array_equal(landmarks[0], np.where(points[1][:, None], points[0], 0))
    assert np.array_equal(landmarks[1], points[1])
    assert opened.parsing("f3") is None
    assert opened.landmarks("f3") is None
    assert opened.has_parsing
    assert opened.has_landmarks
    assert opened.manifest.priors == {"parsing": HAND, "landmarks": HAND}
    assert opened.manifest.image_formats == {"JPEG": 3, "PNG": 1}
    assert opened.manifest.image_sizes == ((8, 8),)
    assert opened.verify() == []


def test_the_hash_is_the_content_s(tmp_path: Path) -> None:
    one = write_face_set(tmp_path / "one", faces(), ABOUT)
    two = write_face_set(tmp_path / "two", faces(), ABOUT._replace(name="other"))
    other = write_face_set(tmp_path / "three", faces(make=lambda index: pixels(index + 1)), ABOUT)
    assert one.hash == two.hash != other.hash


def test_an_unknown_split_lists_the_splits(tiny_faces: Path) -> None:
    with pytest.raises(PriorsrError, match="no split 'valid'; did you mean 'val'"):
        FaceSet.open(tiny_faces).ids("valid")
    with pytest.raises(PriorsrError, match="test, train, val"):
        FaceSet.open(tiny_faces).ids("xyz")


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
    with pytest.raises(DataError, match="file/set/.*: cannot be written") as caught:
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
    with pytest.raises(DataError, match="brings landmarks, but no tool that made them is named"):
        written(pixels(0)._replace(landmarks=(nan[0], ~nan[1])))
    with pytest.raises(DataError, match="float64 of shape"):
        written(Pixels(np.zeros((8, 8, 3))))
    with pytest.raises(DataError, match="no faces"):
        write_face_set(tmp_path / "set", [], ABOUT)
    twice = [*faces(2), Face("f0", "test", "", lambda: pixels(0))]
    with pytest.raises(DataError, match="'f0' is there twice, in train and in test"):
        write_face_set(tmp_path / "set", twice, ABOUT)


def test_a_broken_manifest_is_told_in_a_sentence(copied: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        FaceSet.open(copied / "nowhere")
    with pytest.raises(DataError, match="priorsr data import makes one"):
        FaceSet.open(copied / "images")
    edit_manifest(copied, label_map="celeba")
    with pytest.raises(DataError, match=r"manifest\.json: there is no label map 'celeba'"):
        FaceSet.open(copied)
    edit_manifest(copied, label_map="celebamask-19", format=2)
    with pytest.raises(DataError, match="format is 2: input should be 1"):
        FaceSet.open(copied)
    edit_manifest(copied, format=1, files={"../secret.png": "0" * 64})
    with pytest.raises(DataError, match="a path inside the set was expected"):
        FaceSet.open(copied)
    (copied / "manifest.json").write_text('{"format": 1')
    with pytest.raises(DataError, match="cannot be read as JSON"):
        FaceSet.open(copied)


def test_broken_splits_are_told(copied: Path) -> None:
    split = copied / "splits/val.txt"
    ids = split.read_text()
    split.write_text(ids + "nobody\n")
    with pytest.raises(DataError, match="lists 'nobody', which has no image"):
        FaceSet.open(copied)
    split.write_text("")
    with pytest.raises(DataError, match="lists no faces"):
        FaceSet.open(copied)
    split.write_text(ids + ids)
    with pytest.raises(DataError, match="twice"):
        FaceSet.open(copied)


def test_broken_files_are_told_by_name(copied: Path) -> None:
    faces = FaceSet.open(copied)
    first, second, third = faces.ids("train")[:3]
    with pytest.raises(DataError, match="no face 'nobody'"):
        faces.image("nobody")
    (copied / f"images/{first}.png").write_text("this is no picture")
    with pytest.raises(DataError, match=rf"{first}\.png: cannot be read as an image"):
        read_image(copied / f"images/{first}.png")
    (copied / f"images/{second}.png").write_bytes((copied / f"images/{second}.png").read_bytes()[:900])
    with pytest.raises(DataError, match=rf"{second}\.png: cannot be read as an image"):
        read_image(copied / f"images/{second}.png")
    Image.fromarray(np.full((64, 64), 23, dtype=np.uint8)).save(copied / f"parsing/{third}.png")
    with pytest.raises(DataError, match=rf"{third}\.png: has the class 23; the classes 0 to 18 of celebamask-19"):
        read_parsing(copied / f"parsing/{third}.png", faces.label_map)
    Image.new("RGB", (64, 64)).save(copied / f"parsing/{third}.png")
    with pytest.raises(DataError, match="one channel"):
        read_parsing(copied / f"parsing/{third}.png", faces.label_map)
    Image.new("RGBA", (64, 64)).save(copied / f"images/{third}.png")
    with pytest.raises(DataError, match="see-through"):
        read_image(copied / f"images/{third}.png")
    Image.new("I;16", (64, 64)).save(copied / f"images/{third}.png")
    with pytest.raises(DataError, match="8 bits"):
        read_image(copied / f"images/{third}.png")
    found = "\n".join(faces.verify())
    assert len(faces.verify()) == 4
    assert all(name in found for name in (f"images/{first}.png", f"images/{second}.png", f"parsing/{third}.png"))


def test_what_has_changed_is_never_handed_out(copied: Path) -> None:
    faces = FaceSet.open(copied)
    first, second, third = faces.ids("train")[:3]
    shutil.copy(copied / f"images/{second}.png", copied / f"images/{first}.png")
    shutil.copy(copied / f"parsing/{second}.png", copied / f"parsing/{first}.png")
    (copied / f"images/{third}.png").unlink()
    np.savez(copied / "landmarks.npz", ids=np.array([first]), landmarks=np.zeros((1, 68, 2)))
    changed = "has changed since the set was made"
    for name, read in (("images", faces.image), ("parsing", faces.parsing)):
        with pytest.raises(DataError, match=rf"{name}/{first}\.png: {changed}"):
            read(first)
    with pytest.raises(DataError, match=rf"images/{third}\.png: is listed in manifest\.json, but is not there"):
        faces.image(third)
    with pytest.raises(DataError, match=rf"landmarks\.npz: {changed}"):
        faces.landmarks(first)


def test_verify_finds_missing_and_foreign_files(copied: Path) -> None:
    face = FaceSet.open(copied).ids("val")[0]
    (copied / f"parsing/{face}.png").unlink()
    (copied / "images/stranger.png").write_bytes(b"")
    first, second = FaceSet.open(copied).verify()
    assert f"parsing/{face}.png: is listed in manifest.json, but is not there" in first
    assert "images/stranger.png: is not listed" in second


def test_nan_in_landmarks_is_told(copied: Path) -> None:
    faces = FaceSet.open(copied)
    points = {}
    for face in faces.ids("train"):
        found = faces.landmarks(face)
        assert found is not None
        points[face] = (found[0].copy(), found[1])
    broken = faces.ids("train")[2]
    points[broken][0][17, 1] = np.nan
    write_landmarks(copied / "landmarks.npz", points)
    with pytest.raises(DataError, match=rf"landmarks\.npz: the face '{broken}': landmark 17 is NaN"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    (copied / "landmarks.npz").write_text("numbers")
    with pytest.raises(DataError, match=r"landmarks\.npz: cannot be read"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    np.savez(copied / "landmarks.npz", ids=np.array(["a"]), landmarks=np.zeros((1, 5, 2)))
    with pytest.raises(DataError, match=r"\(68, 2\) and \(68,\) were expected for ibug-68"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    np.savez(copied / "landmarks.npz", points=np.zeros(3))
    with pytest.raises(DataError, match="arrays called ids and landmarks were expected"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)


def test_images_of_another_size_than_the_manifest_says_are_refused(copied: Path) -> None:
    edit_manifest(copied, image_sizes=[[32, 32]])
    faces = FaceSet.open(copied)
    face = faces.ids("train")[0]
    for read in (faces.image, faces.parsing):
        with pytest.raises(
            DataError, match=rf"{face}\.png: is 64 x 64; 32 x 32 was expected, as manifest\.json has it"
        ):
            read(face)


def test_a_huge_image_in_a_set_is_refused_by_its_header(copied: Path, raw_png) -> None:
    face = FaceSet.open(copied).ids("train")[0]
    content = raw_png(12_000, 12_000, 8, 2, b"")
    for part in ("images", "parsing"):
        (copied / f"{part}/{face}.png").write_bytes(content)
        files = json.loads((copied / "manifest.json").read_text())["files"]
        edit_manifest(copied, files=files | {f"{part}/{face}.png": hashlib.sha256(content).hexdigest()})
    for sizes, problem in (([[64, 64]], "64 x 64 was expected"), ([[12_000, 12_000]], "an image of at most")):
        edit_manifest(copied, image_sizes=sizes)
        faces = FaceSet.open(copied)
        for read in (faces.image, faces.parsing):
            with pytest.raises(DataError, match=f"is 12000 x 12000; {problem}"):
                read(face)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"image_sizes": []}, r"image_sizes is \[\]: .* at least 1 item"),
        ({"image_sizes": [[0, 64]]}, "image_sizes.0.0 is 0: input should be greater than 0"),
        ({"original_sizes": [[-5, 64]]}, "original_sizes.0.0 is -5: input should be greater than 0"),
        ({"priors": {}}, "the manifest: priors names no tool that made the parsing that files lists"),
        ({"files": {}}, "the manifest: priors names a tool that made parsing, of which files lists none"),
        ({"files": {"images/a\x00.png": "0" * 64}}, "cannot be the name of a file: it holds a control character"),
        ({"files": {"images/a\ud800.png": "0" * 64}}, "which is no Unicode text"),
        ({"files": {"images/..\\\\a.png": "0" * 64}}, "cannot be the name of a file: a name without a slash"),
        ({"files": {"images/" + "a" * 300: "0" * 64}}, "it has 300 bytes; at most 205 were expected"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(copied: Path, changes: dict[str, Any], problem: str) -> None:
    edit_manifest(copied, **changes)
    with pytest.raises(DataError, match=rf"manifest\.json: .*{problem}"):
        FaceSet.open(copied)


@pytest.mark.parametrize(
    "odd",
    [
        {"estimated_from": "lr"},
        {"estimated_from": "lr", "scale": 8},
        {"estimated_from": "hr", "reduction": "pil-bicubic", "scale": 8},
        {"scale": 8},
    ],
)
def test_a_prior_s_maker_says_how_lr_was_made_where_it_saw_lr_and_only_there(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a reduction and a scale were expected where estimated_from is lr"):
        Provenance(tool="t", version="1", **odd)
    assert Provenance(tool="t", version="1", estimated_from="lr", reduction="pil-bicubic", scale=4).scale == 4


def test_a_pipe_in_a_set_is_not_waited_for(copied: Path) -> None:
    face = FaceSet.open(copied).ids("train")[0]
    (copied / f"images/{face}.png").unlink()
    os.mkfifo(copied / f"images/{face}.png")
    with pytest.raises(DataError, match=r"is a pipe or a device; the file that manifest\.json lists was expected"):
        FaceSet.open(copied).image(face)
    (copied / "splits/val.txt").unlink()
    os.mkfifo(copied / "splits/val.txt")
    with pytest.raises(DataError, match=r"val\.txt: is a pipe or a device; a list of ids was expected"):
        FaceSet.open(copied)


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


def test_splits_may_have_a_byte_order_mark_blank_lines_and_other_line_ends(copied: Path) -> None:
    split = copied / "splits/val.txt"
    expected = FaceSet.open(copied).ids("val")
    split.write_bytes(b"\xef\xbb\xbf" + split.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert FaceSet.open(copied).ids("val") == expected


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
