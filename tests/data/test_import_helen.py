from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data.importers import helen
from priorsr.data.importers.helen import import_helen
from priorsr.errors import DataError, OptionError

NAMES = ("100_1", "100_2", "200_1")


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Three faces in the official layout, with points on an ellipse 90 wide and 60 high round (110, 80)."""
    root = tmp_path / "helen"
    angles = np.linspace(0, 2 * np.pi, 194, endpoint=False)
    points = np.stack([110 + 45 * np.cos(angles), 80 + 30 * np.sin(angles)], 1)
    rng = np.random.default_rng(0)
    (root / "annotation").mkdir(parents=True)
    for number, name in enumerate(NAMES, start=1):
        lines = "".join(f"{x:.4f} , {y:.4f}\n" for x, y in points)
        (root / f"annotation/{number}.txt").write_text(f"{name}\r\n{lines}")
        file = root / f"helen_{1 + number // 3}/{name}.jpg"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (200, 240, 3), dtype=np.uint8)).save(file)
    (root / "testnames.txt").write_text("200_1\n")
    return root


def test_faces_are_cut_as_dic_does_and_split_by_the_test_list(src: Path, tmp_path: Path) -> None:
    made = import_helen(src, tmp_path / "out", size=64)
    assert {split: made.ids(split) for split in made.splits} == {"train": NAMES[:2], "test": NAMES[2:]}
    side = round(90 * 1.3)  # 117
    left, top = round(110 - side / 2), round(80 - side / 2)
    photograph = Image.open(src / "helen_1/100_1.jpg").crop((left, top, left + side, top + side))
    assert np.array_equal(made.image("100_1"), photograph.resize((64, 64), Image.Resampling.BICUBIC))
    assert made.landmark_scheme.name == "helen-194"
    found = made.landmarks("100_1")
    assert found is not None
    assert found[0][0].tolist() == pytest.approx([(155.5 - left) * 64 / side - 0.5, (80.5 - top) * 64 / side - 0.5])
    assert found[1].all()
    assert made.verify() == []


def test_points_can_become_68(src: Path, tmp_path: Path) -> None:
    made = import_helen(src, tmp_path / "out", size=64, scheme="ibug-68")
    found = made.landmarks("100_1")
    assert found is not None
    assert made.landmark_scheme.name == "ibug-68"
    assert found[1].tolist() == [not 27 <= point <= 30 for point in range(68)]


def test_dic_s_split_is_named_by_a_file_and_counted(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="'dic' is not published"):
        import_helen(src, tmp_path / "out", split="dic")
    names = tmp_path / "dic.txt"
    names.write_text("100_1.jpg test\n200_1.jpg train\n")
    with pytest.raises(DataError, match="names 1 train, 1 test; 2005 train, 50 test were expected"):
        import_helen(src, tmp_path / "out", split="dic", split_file=names)
    monkeypatch.setitem(helen.PUBLISHED, "dic", {"train": 1, "test": 1})
    made = import_helen(src, tmp_path / "out", split="dic", split_file=names, size=64)
    assert {split: made.ids(split) for split in made.splits} == {"train": ("200_1",), "test": ("100_1",)}


def test_what_is_missing_or_broken_is_told(src: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = src / "annotation/1.txt"
    lines = first.read_text()
    first.write_text("\n".join(lines.splitlines()[:-1]))
    with pytest.raises(DataError, match=r"1\.txt: has 193 lines .* 194 points"):
        import_helen(src, out)
    first.write_text(lines.replace(" , ", " ; ", 1))
    with pytest.raises(DataError, match=r"1\.txt: line 2 is '155\.0000 ; 80\.0000'; x , y were expected"):
        import_helen(src, out)
    first.write_text(lines.replace("100_1", "100_2"))
    with pytest.raises(DataError, match=r"2\.txt: annotates the image '100_2', as 1\.txt does; one file for each"):
        import_helen(src, out)
    first.unlink()
    with pytest.raises(DataError, match=r"100_1\.jpg: has no annotation"):
        import_helen(src, out)
    first.write_text(lines)
    (src / "testnames.txt").write_text("300_1\n")
    with pytest.raises(DataError, match=r"testnames\.txt: names '300_1', of which there is no image"):
        import_helen(src, out)
    (src / "helen_1/100_1.jpg").unlink()
    with pytest.raises(DataError, match=r"annotation/1\.txt: has no image '100_1' in "):
        import_helen(src, out)
    with pytest.raises(DataError, match="annotation: there is no such folder"):
        import_helen(tmp_path, out)


def test_the_lists_and_folders_of_any_system_are_read(src: Path, tmp_path: Path) -> None:
    expected = import_helen(src, tmp_path / "expected", size=64)
    for path in (src / "annotation/1.txt", src / "testnames.txt"):
        path.write_text(path.read_text(), encoding="utf-16", newline="\r\n")
    (src / "annotation/2.txt").write_text((src / "annotation/2.txt").read_text(), encoding="utf-8-sig")
    (src / "helen_1/100_1.jpg").rename(src / "helen_1/100_1.JPG")
    for stray in ("__MACOSX/helen_1/._100_1.jpg", "annotation/._1.txt", "annotation/.DS_Store", "helen_1/Thumbs.db"):
        (src / stray).parent.mkdir(parents=True, exist_ok=True)
        (src / stray).write_bytes(b"stray")
    (src / "__MACOSX/100_1.jpg").write_bytes(b"stray")
    assert import_helen(src, tmp_path / "out", size=64).hash == expected.hash


def test_names_in_annotations_may_have_a_suffix(src: Path, tmp_path: Path) -> None:
    for file in (src / "annotation").iterdir():
        file.write_text(file.read_text().replace("_1\n", "_1.jpg\n").replace("_2\n", "_2.JPG\n"))
    (src / "testnames.txt").write_text("200_1.jpg\n")
    assert import_helen(src, tmp_path / "out", size=64).ids("test") == ("200_1",)


def moved(first: Path, scale: float, shift: float) -> None:
    """Write other points into an annotation."""
    name, *rows = first.read_text().split()
    points = np.array([float(word) for word in rows if word != ","]).reshape(-1, 2) * scale + shift
    first.write_text("\n".join([name, *(f"{x} , {y}" for x, y in points)]))


@pytest.mark.parametrize(
    ("scale", "shift", "problem"),
    [
        (0, 50, "the face's square has 1 pixels a side; 4 or more were expected"),
        (1, 1e3, "outside of the image of 200 x 240, or nearly so"),
        (1e7, 0, "outside of the image of 200 x 240, or nearly so"),
        (1e30, 0, "outside of the image of 200 x 240, or nearly so"),
        (1e39, 0, "landmark 0 is NaN or infinite"),
        (float("nan"), 0, "line 2 is 'nan , nan'; x , y were expected after the image's name"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_points_that_hold_no_face_are_refused(
    src: Path, tmp_path: Path, scale: float, shift: float, problem: str
) -> None:
    moved(src / "annotation/1.txt", scale, shift)
    with pytest.raises(DataError, match=rf"1\.txt.*{problem}"):
        import_helen(src, tmp_path / "out", size=64)


def test_photographs_that_exif_turns_are_refused(src: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 8
    path = src / "helen_1/100_1.jpg"
    Image.open(path).save(path, exif=exif)
    with pytest.raises(
        DataError, match=r"100_1\.jpg: has the EXIF orientation 8, and the landmarks in .*1\.txt may be"
    ):
        import_helen(src, tmp_path / "out", size=64)


def test_annotations_and_names_that_cannot_be_are_told_by_line(src: Path, tmp_path: Path) -> None:
    (src / "testnames.txt").write_text("200_1\n100_1\n200_1\n")
    with pytest.raises(DataError, match=r"testnames\.txt: names '200_1' twice, in lines 1 and 3"):
        import_helen(src, tmp_path / "out")
    (src / "testnames.txt").write_text("\n")
    with pytest.raises(DataError, match=r"testnames\.txt: is empty; a list was expected"):
        import_helen(src, tmp_path / "out")
    (src / "testnames.txt").write_text("200_1 test\n")
    with pytest.raises(DataError, match=r"testnames\.txt: line 1 is '200_1 test'; an image's name was expected"):
        import_helen(src, tmp_path / "out")
    (src / "testnames.txt").write_text("200_1\n")
    for content, problem in (
        ("", "is empty; a list was expected"),
        ("1 , 2\n" * 195, "line 1 is '1 , 2'; an image's name was expected"),
    ):
        (src / "annotation/1.txt").write_text(content)
        with pytest.raises(DataError, match=rf"annotation/1\.txt: {problem}"):
            import_helen(src, tmp_path / "out")
    (src / "annotation/1.md").write_text("100_1")
    with pytest.raises(DataError, match=r"1\.md: is no annotation; only N\.txt files were expected"):
        import_helen(src, tmp_path / "out")
