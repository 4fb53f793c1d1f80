from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.importers.folder import import_folder
from priorsr.data.landmarks_file import write_landmarks
from priorsr.errors import DataError, OptionError


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
    with pytest.raises(OptionError, match="has the splits train and val and test already"):
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
