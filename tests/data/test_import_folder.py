from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.importers.folder import import_folder
from priorsr.data.landmarks_file import write_landmarks
from priorsr.errors import DataError, OptionError, PriorsrError


@pytest.fixture
def src(tiny_faces: Path, tmp_path: Path) -> Path:
    """The tiny faces as a user has them: train with maps, val with maps, test without."""
    faces = FaceSet.open(tiny_faces)
    for split in faces.splits:
        for part in ("images", "parsing") if split != "test" else ("images",):
            (tmp_path / "src" / split / part).mkdir(parents=True)
            for face in faces.ids(split):
                shutil.copy(tiny_faces / part / f"{face}.png", tmp_path / "src" / split / part)
    (tmp_path / "src/README.md").write_text("my faces")
    return tmp_path / "src"


def test_splits_images_and_maps_come_over(src: Path, tiny_faces: Path, tmp_path: Path) -> None:
    made, exact = import_folder(src, tmp_path / "out", licence="mine"), FaceSet.open(tiny_faces)
    assert made.splits == ("test", "train", "val")
    for split in made.splits:
        assert made.ids(split) == exact.ids(split)
        for face in made.ids(split):
            assert np.array_equal(made.image(face), exact.image(face))
            parsing, expected = made.parsing(face), exact.parsing(face)
            assert (parsing is None) == (split == "test")
            assert parsing is None or (expected is not None and np.array_equal(parsing, expected))
    assert made.manifest.name == "src"
    assert made.manifest.licence == "mine"
    assert made.verify() == []


def test_landmarks_are_read_off_the_maps_and_say_so(src: Path, tiny_faces: Path, tmp_path: Path) -> None:
    made, exact = import_folder(src, tmp_path / "out"), FaceSet.open(tiny_faces)
    assert made.manifest.priors["landmarks"].tool == "priorsr.priors.landmarks_from_parsing"
    assert made.manifest.priors["parsing"].tool == "given with the images"
    errors = []
    for face in (*made.ids("train"), *made.ids("val")):
        found, true = made.landmarks(face), exact.landmarks(face)
        assert found is not None
        assert true is not None
        errors.append(np.linalg.norm(found[0] - true[0], axis=1)[17:][found[1][17:]])
    assert np.median(np.concatenate(errors)) < 1
    assert all(made.landmarks(face) is None for face in made.ids("test"))
    without = import_folder(src, tmp_path / "without", landmarks="none")
    assert not without.has_landmarks


def test_landmarks_that_come_with_the_images_are_kept(src: Path, tmp_path: Path) -> None:
    ids = [path.stem for path in (src / "val/images").iterdir()]
    grid = np.stack(np.meshgrid(np.arange(7, 41, 2), [7, 17, 27, 37]), -1).reshape(68, 2).astype(np.float32)
    points = {face: (grid, np.ones(68, dtype=bool)) for face in ids}
    write_landmarks(src / "val/landmarks.npz", points)
    made = import_folder(src, tmp_path / "out")
    assert made.manifest.priors["landmarks"].tool == "given with the images"
    found = made.landmarks(ids[0])
    assert found is not None
    assert np.array_equal(found[0], grid)
    assert made.landmarks(made.ids("train")[0]) is None
    shrunk = import_folder(src, tmp_path / "small", size=32).landmarks(ids[0])
    assert shrunk is not None
    assert np.array_equal(
        shrunk[0], (grid - 0.5) / 2
    )  # 7 becomes 3.25: the pixel 7 covers 7 to 8 of 64, the middle is 7.5, which is 3.75 of 32
    points["nobody"] = points[ids[0]]
    write_landmarks(src / "val/landmarks.npz", points)
    with pytest.raises(DataError, match="landmarks of 'nobody', which has no image"):
        import_folder(src, tmp_path / "more")


def test_just_images_are_divided_or_go_to_one_split(src: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for index in range(20):
        Image.new("RGB", (16, 16), (index, 0, 0)).save(plain / f"{index:02d}.png")
    divided = import_folder(plain, tmp_path / "out")
    assert {split: len(divided.ids(split)) for split in divided.splits} == {"test": 2, "train": 16, "val": 2}
    assert divided.ids("test") == ("18", "19")
    assert "the last tenth" in divided.manifest.source
    assert not divided.has_parsing
    whole = import_folder(plain, tmp_path / "whole", split="test")
    assert whole.splits == ("test",)
    (tmp_path / "nested/images").parent.mkdir()
    plain.rename(tmp_path / "nested/images")
    assert len(import_folder(tmp_path / "nested", tmp_path / "again").ids("train")) == 16
    with pytest.raises(OptionError, match="is split into train and val and test already"):
        import_folder(src, tmp_path / "third", split="train")


def test_size_crops_to_the_middle_and_takes_the_majority(tmp_path: Path) -> None:
    images, maps = tmp_path / "src/images", tmp_path / "src/parsing"
    images.mkdir(parents=True)
    maps.mkdir()
    image = np.zeros((16, 24, 3), dtype=np.uint8)
    image[:, 4:20] = 200  # the middle square
    parsing = np.zeros((16, 24), dtype=np.uint8)
    parsing[:8, 4:12] = 3
    parsing[0, 4:7] = parsing[1, 4:6] = 17  # five of the first sixteen pixels
    parsing[4:7, 8:12] = 13  # twelve of sixteen
    Image.fromarray(image).save(images / "a.png")
    Image.fromarray(parsing).save(maps / "a.png")
    made = import_folder(tmp_path / "src", tmp_path / "out", size=4, split="train")
    assert made.image("a").shape == (4, 4, 3)
    assert (made.image("a") == 200).all()
    found = made.parsing("a")
    assert found is not None
    assert found.tolist() == [[3, 3, 0, 0], [3, 13, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_nothing_is_enlarged_and_what_is_reduced_is_recorded(src: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.png: is 64 x 64, too small for the size 256; nothing is enlarged"):
        import_folder(src, tmp_path / "large", size=256)
    small = import_folder(src, tmp_path / "small", size=32, source="mine").manifest
    assert small.image_sizes == ((32, 32),)
    assert small.original_sizes == ((64, 64),)
    assert small.source == "mine; the middle squares reduced to 32 x 32, images by Pillow's Lanczos, maps by majority"
    as_is = import_folder(src, tmp_path / "as_is", source="mine").manifest
    assert as_is.original_sizes == as_is.image_sizes == ((64, 64),)
    assert as_is.source == "mine"


def test_images_of_several_sizes_need_a_size(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "src/a.png")
    Image.new("RGB", (24, 20)).save(tmp_path / "src/b.png")
    with pytest.raises(DataError, match="'b' is 20 x 24, but the face 'a' is 16 x 16; all of one size were expected"):
        import_folder(tmp_path / "src", tmp_path / "out")
    assert import_folder(tmp_path / "src", tmp_path / "out", size=16).manifest.original_sizes == ((16, 16), (20, 24))


@pytest.mark.parametrize(
    "stranger", ["loose.png", "train/loose.png", "landmarks.npz", "train/masks", "train/notes.txt", "README.png"]
)
def test_what_would_be_left_out_is_told(src: Path, tmp_path: Path, stranger: str) -> None:
    for aside in ("LICENSE", "train/LICENCE.txt", "train/readme.md", "train/images/README", ".hidden"):
        (src / aside).write_text("words")
    if "." in stranger:
        (src / stranger).write_bytes(b"")
    else:
        (src / stranger).mkdir()
    with pytest.raises(DataError, match=f"{stranger}: would be left out; only .* were expected"):
        import_folder(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (src / stranger).rename(tmp_path / "elsewhere")
    assert import_folder(src, tmp_path / "out").verify() == []


def test_jpeg_and_webp_are_taken_and_counted(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "src/a.png")
    Image.new("L", (16, 16), 90).save(tmp_path / "src/b.jpg")
    Image.new("RGB", (16, 16)).save(tmp_path / "src/c.webp")
    made = import_folder(tmp_path / "src", tmp_path / "out")
    assert made.manifest.image_formats == {"JPEG": 1, "PNG": 1, "WEBP": 1}
    assert made.image("b").shape == (16, 16, 3)


def test_a_changed_source_is_not_mistaken_for_the_finished_one(src: Path, tmp_path: Path) -> None:
    first = import_folder(src, tmp_path / "out")
    assert import_folder(src, tmp_path / "out").hash == first.hash
    with pytest.raises(DataError, match="made from other files or options"):
        import_folder(src, tmp_path / "out", size=32)
    victim = next((src / "test/images").iterdir())
    Image.new("RGB", (64, 64)).save(victim)
    with pytest.raises(DataError, match="made from other files or options"):
        import_folder(src, tmp_path / "out")


def test_an_interrupted_import_goes_on_after_the_source_was_mended(src: Path, tmp_path: Path) -> None:
    broken = sorted((src / "val/images").iterdir())[-1]
    content = broken.read_bytes()
    broken.write_bytes(content[:600])
    with pytest.raises(DataError, match=broken.name):
        import_folder(src, tmp_path / "out")
    before = [tmp_path / f"out/images/{path.name}" for path in (src / "train/images").iterdir()]  # came before it
    written = {path: path.stat().st_mtime_ns for path in before}
    broken.write_bytes(content)
    made = import_folder(src, tmp_path / "out")
    assert made.verify() == []
    assert all(path.stat().st_mtime_ns == time for path, time in written.items())


def test_wrong_sources_are_told_in_a_sentence(src: Path, tiny_faces: Path, tmp_path: Path) -> None:
    def refused(match: str, **options: object) -> None:
        with pytest.raises(PriorsrError, match=match) as caught:
            import_folder(src, tmp_path / "out", **options)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)

    with pytest.raises(DataError, match="there is no such folder"):
        import_folder(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(DataError, match="is not a folder"):
        import_folder(src / "README.md", tmp_path / "out")
    refused("size is 0; a number from 1", size=0)
    refused("no label map 'mine'", labels="mine")
    refused("landmarks cannot be read off maps of helen-11", labels="helen-11")
    refused(r"has the class 1\d; the classes 0 to 10 of helen-11", labels="helen-11", landmarks="none")
    images, maps = src / "train/images", src / "train/parsing"
    face = sorted(images.iterdir())[0]
    shutil.rmtree(tmp_path / "out")
    (images / "notes.txt").write_text("hello")
    refused(r"notes\.txt: is not an image")
    (images / "notes.txt").unlink()
    (images / "text.png").write_text("hello")
    (maps / "text.png").write_text("hello")
    refused(r"text\.png: cannot be read as an image")
    (images / "text.png").unlink()
    refused(r"text\.png: has no image of the same name")
    (maps / "text.png").rename(maps / "text.gif")
    refused(r"text\.gif: is not an image")
    (maps / "text.gif").unlink()
    shutil.copy(face, images / f"{face.stem}.webp")
    refused("has the same name")
    (images / f"{face.stem}.webp").unlink()
    Image.new("L", (32, 32)).save(maps / face.name)
    refused(rf"{face.name}: is 64 x 64, but its parsing map is 32 x 32")
    (maps / face.name).unlink()
    refused(rf"{face.name}: has no parsing map of the same name")
    shutil.copy(images / face.name, maps / face.name)
    refused("class indices in one channel")
    shutil.copy(images / face.name, src / "test/images")
    refused(f"{face.stem!r} is there twice, in train and in test")
    (src / "lr").mkdir()
    refused("lr: would be left out; only train, val, test were expected")
    with pytest.raises(DataError, match="is a face set already"):
        import_folder(tiny_faces, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        import_folder(tmp_path / "empty", tmp_path / "out")


NOT_UTF8 = os.fsdecode(b"caf\xe9.png")


@pytest.mark.parametrize("name", [NOT_UTF8, "a\nb.png", "a\u2028b.png", "a\x1bb.png", "a\x85b.png", "a\\\\b.png"])
@pytest.mark.parametrize("place", ["train/images", "train/parsing", "test/images", "train"])
def test_names_that_no_face_can_have_are_refused_before_any_work(
    src: Path, tmp_path: Path, name: str, place: str
) -> None:
    shutil.copy(next((src / "train/images").iterdir()), src / place / name)
    with pytest.raises(DataError, match=rf"{place}: holds .* which cannot be the name of a face's file: ") as raised:
        import_folder(src, tmp_path / "out")
    assert str(raised.value).isprintable()
    assert not (tmp_path / "out").exists()


def test_a_folder_whose_name_is_not_utf8_needs_another_name(src: Path, tmp_path: Path) -> None:
    odd = src.rename(tmp_path / os.fsdecode(b"caf\xe9"))
    with pytest.raises(DataError, match="the set's name .* is not UTF-8; give another name"):
        import_folder(odd, tmp_path / "out")
    with pytest.raises(DataError, match="the set's source .* is not UTF-8; give another source"):
        import_folder(odd, tmp_path / "out", name="cafe")
    assert not (tmp_path / "out").exists()
    assert import_folder(odd, tmp_path / "out", name="cafe", source="mine").manifest.name == "cafe"
    assert import_folder(tmp_path / odd, tmp_path / odd.name / "out", name="cafe", source="mine").verify() == []


@pytest.mark.parametrize("name", ["000000.JPG", "thumbs.db", "Thumbs.db", ".DS_Store", "._000000.png", "desktop.ini"])
def test_suffixes_in_capitals_are_images_and_strays_are_not(src: Path, tmp_path: Path, name: str) -> None:
    first = sorted((src / "train/images").iterdir())[0]
    (src / "train/__MACOSX").mkdir()
    if name.endswith("JPG"):
        first.rename(first.with_suffix(".PNG"))
    else:
        for inner in ("train/images", "train/parsing", "train", ""):
            (src / inner / name).write_bytes(b"stray")
    assert len(import_folder(src, tmp_path / "out").ids("train")) == 7


def test_ids_that_differ_in_letter_case_only_are_refused(src: Path, tmp_path: Path) -> None:
    shutil.rmtree(src / "train")
    for place, name in (("val", "Ann.png"), ("test", "ann.png")):
        for part in ("images", "parsing") if place == "val" else ("images",):
            shutil.copy(next((src / place / part).iterdir()), src / place / part / name)
    with pytest.raises(DataError, match="the faces 'Ann' and 'ann' have the same name where a file system ignores"):
        import_folder(src, tmp_path / "out")


def test_lossy_maps_are_refused_whatever_they_are_called(src: Path, tmp_path: Path) -> None:
    parsing = sorted((src / "train/parsing").iterdir())[0]
    Image.fromarray(np.asarray(Image.open(parsing))).save(parsing, "JPEG", quality=100)
    with pytest.raises(DataError, match=rf"{parsing.name}: is a lossy JPEG image, which changes values; a PNG was"):
        import_folder(src, tmp_path / "out")
    parsing.rename(parsing.with_suffix(".jpg"))
    with pytest.raises(DataError, match=rf"{parsing.stem}\.jpg: is a lossy JPEG image"):
        import_folder(src, tmp_path / "out")


def test_images_that_exif_turns_have_no_maps_and_no_landmarks(src: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    image = sorted((src / "train/images").iterdir())[0]
    upright = np.asarray(Image.open(image))
    Image.open(image).save(image, exif=exif)
    with pytest.raises(DataError, match=rf"{image.name}: has the EXIF orientation 6, and its parsing map may be of"):
        import_folder(src, tmp_path / "out")
    shutil.rmtree(src / "train/parsing")
    points = {image.stem: (np.random.default_rng(0).random((68, 2)) * 64, np.ones(68, dtype=bool))}
    write_landmarks(src / "train/landmarks.npz", points)
    with pytest.raises(DataError, match=rf"{image.name}: has the EXIF orientation 6, and its landmarks may be of"):
        import_folder(src, tmp_path / "out2")
    (src / "train/landmarks.npz").unlink()
    made = import_folder(src, tmp_path / "out3", landmarks="none")
    assert np.array_equal(made.image(image.stem), np.rot90(upright, -1))


@pytest.mark.parametrize(
    ("points", "size", "problem"),
    [
        (np.full((68, 2), 7.0), None, "all 68 valid landmarks lie in one place"),
        (np.random.default_rng(0).random((68, 2)) * 20 + 70, None, "all 68 valid landmarks lie outside of the image"),
        (np.random.default_rng(0).random((68, 2)) * 1e7, None, "landmark 0 is at x = .*, far outside of"),
        (np.random.default_rng(0).random((68, 2)) * 1e30, 32, "landmark 0 is at x = .*, far outside of"),
    ],
)
def test_landmarks_that_no_face_has_are_refused(
    src: Path, tmp_path: Path, points: np.ndarray, size: int | None, problem: str
) -> None:
    face = sorted((src / "test/images").iterdir())[1].stem
    write_landmarks(src / "test/landmarks.npz", {face: (points, np.ones(68, dtype=bool))})
    with pytest.raises(DataError, match=rf"{face}\.png: in landmarks\.npz: {problem}"):
        import_folder(src, tmp_path / "out", size=size)
