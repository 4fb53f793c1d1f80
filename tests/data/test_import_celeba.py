from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data.importers import celeba
from priorsr.data.importers.celeba import import_celeba
from priorsr.data.landmarks_file import write_landmarks
from priorsr.errors import DataError, OptionError

FACES = [f"{number:06d}" for number in range(1, 6)]


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Five faces in the official layout: aligned, and in the wild, where a white square of 40 px marks the face."""
    root = tmp_path / "CelebA"
    rng = np.random.default_rng(0)
    for folder in ("img_align_celeba", "img_celeba"):
        (root / "Img" / folder).mkdir(parents=True)
    for face in FACES:
        Image.fromarray(rng.integers(0, 256, (218, 178, 3), dtype=np.uint8)).save(
            root / f"Img/img_align_celeba/{face}.jpg"
        )
        wild = np.zeros((120, 160, 3), dtype=np.uint8)
        wild[30:70, 90:130] = 255
        Image.fromarray(wild).save(root / f"Img/img_celeba/{face}.jpg", quality=95)
    (root / "Eval").mkdir()
    (root / "Eval/list_eval_partition.txt").write_text(
        "".join(f"{face}.jpg {part}\n" for face, part in zip(FACES, "00012", strict=True))
    )
    (root / "Anno").mkdir()
    rows = "".join(f"{face}.jpg    90  30  40  30\n" for face in FACES)
    (root / "Anno/list_bbox_celeba.txt").write_text(f"5\nimage_id x_1 y_1 width height\n{rows}")
    return root


@pytest.fixture
def landmarks(tmp_path: Path) -> Path:
    """68 landmarks in the corners of the white square, whose pixels are columns 90 to 129 and rows 30 to 69."""
    points = np.zeros((68, 2), dtype=np.float32)
    points[:], points[1], points[2] = (100, 50), (90, 30), (129, 69)
    valid = np.ones(68, dtype=bool)
    points[5], valid[5] = (0, 0), False
    write_landmarks(tmp_path / "points.npz", dict.fromkeys(FACES, (points, valid)))
    return tmp_path / "points.npz"


def test_the_official_layout_and_partition(src: Path, tmp_path: Path) -> None:
    made = import_celeba(src, tmp_path / "out")
    assert {split: made.ids(split) for split in made.splits} == {
        "train": tuple(FACES[:3]),
        "val": (FACES[3],),
        "test": (FACES[4],),
    }
    photograph = Image.open(src / "Img/img_align_celeba/000002.jpg").crop((0, 20, 178, 198))
    assert np.array_equal(made.image("000002"), photograph.resize((128, 128), Image.Resampling.LANCZOS))
    assert made.manifest.original_sizes == ((178, 178),)
    assert made.manifest.image_formats == {"JPEG": 5}
    assert not made.has_landmarks
    assert "split as CelebA is" in made.manifest.source
    assert made.verify() == []
    assert import_celeba(src, tmp_path / "out").hash == made.hash


def test_pfsr_s_crop(src: Path, tmp_path: Path) -> None:
    made = import_celeba(src, tmp_path / "out", crop="pfsr")
    photograph = Image.open(src / "Img/img_align_celeba/000002.jpg").crop((0, 20, 178, 198))
    assert np.array_equal(made.image("000002"), photograph.resize((128, 128), Image.Resampling.BILINEAR))


def test_dic_s_crop_moves_the_landmarks_along(src: Path, landmarks: Path, tmp_path: Path) -> None:
    made = import_celeba(src, tmp_path / "out", crop="dic", size=102, landmarks=landmarks)
    side = round(39 * 1.3)  # 51
    left, top = round(109.5 - side / 2), round(49.5 - side / 2)
    photograph = Image.open(src / "Img/img_celeba/000001.jpg").crop((left, top, left + side, top + side))
    assert np.array_equal(made.image("000001"), photograph.resize((102, 102), Image.Resampling.BICUBIC))
    found = made.landmarks("000001")
    assert found is not None
    points, valid = found
    assert points[1].tolist() == [(90.5 - left) * 2 - 0.5, (30.5 - top) * 2 - 0.5]
    assert valid.sum() == 67
    assert made.manifest.original_sizes == ((51, 51),)
    x, y = points[1].astype(int)  # the square's corner, which is white inside it and black outside
    assert made.image("000001")[y + 4, x + 4].min() > 200
    assert made.image("000001")[y - 4, x - 4].max() < 50
    with np.load(landmarks) as known:
        np.savez(landmarks, ids=[f"{face}.jpg" for face in FACES], landmarks=known["landmarks"])
    with pytest.raises(
        DataError, match=r"has landmarks of faces such as '000001\.jpg'; names such as '000001' were expected"
    ):
        import_celeba(src, tmp_path / "second", landmarks=landmarks)
    with pytest.raises(OptionError, match="'dic' needs the 68 landmarks"):
        import_celeba(src, tmp_path / "second", crop="dic")


def test_the_box_of_the_wild_images(src: Path, tmp_path: Path) -> None:
    made = import_celeba(src, tmp_path / "out", crop="box", size=40)
    expected = Image.open(src / "Img/img_celeba/000001.jpg").crop((90, 25, 130, 65))
    assert np.array_equal(made.image("000001"), expected)
    boxes = src / "Anno/list_bbox_celeba.txt"
    official = boxes.read_text()
    boxes.write_text(official.replace("000004.jpg    90  30  40  30", "000004.jpg 0 0 0 0"))
    with pytest.raises(DataError, match="line 6 is '000004.jpg 0 0 0 0', an empty box.*--split-file.*crop centre"):
        import_celeba(src, tmp_path / "second", crop="box")
    boxes.write_text(official.replace("000004.jpg    90", "000004.jpg    ninety"))
    with pytest.raises(DataError, match="'000004.jpg ninety 30 40 30'; an image's name, left"):
        import_celeba(src, tmp_path / "second", crop="box")


def test_a_paper_s_split_is_named_by_a_file_and_counted(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OptionError, match="'ctcnet' is not published"):
        import_celeba(src, tmp_path / "out", split="ctcnet")
    names = tmp_path / "ctcnet.txt"
    names.write_text("000001.jpg train\n000005.jpg test\n000003.jpg train\n")
    with pytest.raises(DataError, match="names 2 train, 1 test; 18000 train, 1000 test were expected"):
        import_celeba(src, tmp_path / "out", split="ctcnet", split_file=names)
    monkeypatch.setitem(celeba.PUBLISHED, "ctcnet", {"train": 2, "test": 1})
    made = import_celeba(src, tmp_path / "out", split="ctcnet", split_file=names)
    assert {split: made.ids(split) for split in made.splits} == {"train": ("000001", "000003"), "test": ("000005",)}
    assert "split as ctcnet.txt has it" in made.manifest.source
    own = import_celeba(src, tmp_path / "own", split_file=names)
    assert own.ids("train") == made.ids("train")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("000001.jpg training\n", "'000001.jpg training'; the name of an image and train, val or test"),
        ("000001.jpg train\n000001.jpg test\n", "names '000001.jpg' twice"),
        ("000009.jpg train\n", "names '000009.jpg', of which there is no image"),
    ],
)
def test_broken_split_files(src: Path, tmp_path: Path, lines: str, words: str) -> None:
    names = tmp_path / "mine.txt"
    names.write_text(lines)
    with pytest.raises(DataError, match=words):
        import_celeba(src, tmp_path / "out", split_file=names)


def test_what_is_missing_or_too_small_is_told(src: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"000001\.jpg: is 218 x 178, too small for the size 200"):
        import_celeba(src, tmp_path / "out", size=200)
    (src / "Eval/list_eval_partition.txt").write_text("000001.jpg 0\n")
    with pytest.raises(DataError, match=r"list_eval_partition\.txt: has no line for 000002\.jpg"):
        import_celeba(src, tmp_path / "second")
    (src / "Eval/list_eval_partition.txt").write_text("".join(f"{face}.jpg 0\n" for face in [*FACES, "000009"]))
    with pytest.raises(DataError, match=r"list_eval_partition\.txt: names '000009', of which there is no image"):
        import_celeba(src, tmp_path / "second")
    (src / "Eval/list_eval_partition.txt").unlink()
    with pytest.raises(DataError, match=r"list_eval_partition\.txt: there is no such file"):
        import_celeba(src, tmp_path / "second")
    with pytest.raises(DataError, match="img_align_celeba: there is no such folder"):
        import_celeba(tmp_path, tmp_path / "second")
    with pytest.raises(OptionError, match="the crop is 'face'; one of centre, pfsr, box, dic"):
        import_celeba(src, tmp_path / "second", crop="face")  # type: ignore[arg-type]


def test_the_lists_and_folders_of_any_system_are_read(src: Path, tmp_path: Path) -> None:
    expected = import_celeba(src, tmp_path / "expected", crop="box", size=40)
    for path in (src / "Eval/list_eval_partition.txt", src / "Anno/list_bbox_celeba.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    images = src / "Img/img_celeba"
    (images / "000001.jpg").rename(images / "000001.JPG")
    for stray in ("Thumbs.db", ".DS_Store", "._000001.jpg", "desktop.ini"):
        (images / stray).write_bytes(b"stray")
    (images / "__MACOSX").mkdir()
    found = import_celeba(src, tmp_path / "out", crop="box", size=40)
    assert found.hash == expected.hash


def test_a_name_with_two_splits_is_refused_by_line(src: Path, tmp_path: Path) -> None:
    partition = src / "Eval/list_eval_partition.txt"
    partition.write_text(partition.read_text() + "000002.jpg 2\n")
    with pytest.raises(DataError, match=r"list_eval_partition\.txt: names '000002\.jpg' twice, in lines 2 and 6"):
        import_celeba(src, tmp_path / "out")
    boxes = src / "Anno/list_bbox_celeba.txt"
    partition.write_text("".join(f"{face}.jpg 0\n" for face in FACES))
    boxes.write_text(boxes.read_text() + "000003.jpg 1 1 9 9\n")
    with pytest.raises(DataError, match=r"list_bbox_celeba\.txt: names '000003\.jpg' twice, in lines 5 and 8"):
        import_celeba(src, tmp_path / "out", crop="box")
    boxes.write_text("000001.jpg 90 30 40 30\n000002.jpg 90 30 40 30\n")
    with pytest.raises(DataError, match=r"line 1 is '000001\.jpg 90 30 40 30'; the number of images was expected"):
        import_celeba(src, tmp_path / "out", crop="box")


def test_a_face_with_an_empty_box_can_be_left_out(src: Path, tmp_path: Path) -> None:
    boxes, names = src / "Anno/list_bbox_celeba.txt", tmp_path / "mine.txt"
    boxes.write_text(boxes.read_text().replace("000004.jpg    90  30  40  30", "000004.jpg 0 0 0 0"))
    names.write_text("".join(f"{face}.jpg train\n" for face in FACES if face != "000004"))
    made = import_celeba(src, tmp_path / "out", crop="box", size=40, split_file=names)
    assert made.ids("train") == (*FACES[:3], FACES[4])


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        ("500 30 40 30", "begins at x = 500, y = 25 and has 40 pixels a side, outside of the image of 120 x 160"),
        ("-60 -60 40 30", "outside of the image of 120 x 160, or nearly so"),
        ("0 0 10000000 10000000", "has 1e\\+07 pixels a side, outside of the image of 120 x 160, or nearly so"),
        ("1000000000 0 9 9", "begins at x = 1e\\+09|an image's name, left, top, width and height were expected"),
        ("90 30 1 1", "the face's square has 1 pixels a side; 4 or more were expected"),
        ("90 30 1e7 9", "line 3 is '000001.jpg 90 30 1e7 9'; an image's name, left, top, width and height"),
        ("90 30 -40 30", "an empty box"),
        (f"90 30 {10**400} 30", "an image's name, left, top, width and height were expected"),
    ],
)
def test_boxes_that_hold_no_face_are_refused(src: Path, tmp_path: Path, box: str, problem: str) -> None:
    boxes = src / "Anno/list_bbox_celeba.txt"
    boxes.write_text(boxes.read_text().replace("000001.jpg    90  30  40  30", f"000001.jpg {box}"))
    with pytest.raises(DataError, match=problem):
        import_celeba(src, tmp_path / "out", crop="box", size=16)


def test_a_face_half_outside_is_kept(src: Path, tmp_path: Path) -> None:
    boxes = src / "Anno/list_bbox_celeba.txt"
    boxes.write_text(boxes.read_text().replace("000001.jpg    90  30  40  30", "000001.jpg 145 -10 30 30"))
    made = import_celeba(src, tmp_path / "out", crop="box", size=30)
    assert (made.image("000001")[:10] == 0).all()
    assert (made.image("000001")[:, 15:] == 0).all()


def test_images_that_exif_turns_have_no_boxes_and_no_landmarks(src: Path, landmarks: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    for folder in ("img_celeba", "img_align_celeba"):
        path = src / f"Img/{folder}/000001.jpg"
        Image.open(path).save(path, exif=exif, quality=95)
    for crop, what in (("box", "its box in .*bbox"), ("dic", "the landmarks in .*npz"), ("centre", "the landmarks in")):
        with pytest.raises(DataError, match=rf"000001\.jpg: has the EXIF orientation 6, and {what}.* as stored or as"):
            import_celeba(src, tmp_path / crop, crop=crop, size=16, landmarks=landmarks)  # type: ignore[arg-type]
    upright = import_celeba(src, tmp_path / "plain").image("000001")
    stored = np.asarray(Image.open(src / "Img/img_align_celeba/000001.jpg"))
    assert np.abs(upright.astype(int) - celeba_centre(np.rot90(stored, -1))).max() <= 1


def celeba_centre(image: np.ndarray) -> np.ndarray:
    """The middle square of an image 178 high and 218 wide, by Lanczos."""
    return np.asarray(Image.fromarray(image[:, 20:198]).resize((128, 128), Image.Resampling.LANCZOS)).astype(int)


@pytest.mark.parametrize(
    ("scale", "shift", "problem"),
    [
        (0, 50, "the face's square has 1 pixels a side; 4 or more were expected"),
        (1, 1e4, "outside of the image of 120 x 160, or nearly so"),
        (1e7, 0, "outside of the image of 120 x 160, or nearly so"),
        (1e30, 0, "outside of the image of 120 x 160, or nearly so"),
        (1e36, -1e38, "outside of the image of 120 x 160, or nearly so"),
        ([1, 0], 50, "all 67 valid landmarks lie on one line"),
    ],
)
def test_landmarks_that_hold_no_face_are_refused(
    src: Path, landmarks: Path, tmp_path: Path, scale: float, shift: float, problem: str
) -> None:
    with np.load(landmarks) as known:
        arrays = dict(known)
    arrays["landmarks"] = (arrays["landmarks"] * np.array(scale) + shift).astype(np.float32)
    np.savez(landmarks, **arrays)
    with pytest.raises(DataError, match=rf"\.jpg: according to the landmarks in .*points\.npz, .*{problem}"):
        import_celeba(src, tmp_path / "out", crop="dic", size=16, landmarks=landmarks)
