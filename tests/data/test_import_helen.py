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
    with pytest.raises(DataError, match=r"1\.txt: has a line that is not x , y"):
        import_helen(src, out)
    first.write_text(lines.replace("100_1", "100_2"))
    with pytest.raises(DataError, match=r"2\.txt: is of the image '100_2', which another file"):
        import_helen(src, out)
    first.unlink()
    with pytest.raises(DataError, match=r"100_1\.jpg: has no annotation"):
        import_helen(src, out)
    first.write_text(lines)
    (src / "testnames.txt").write_text("300_1\n")
    with pytest.raises(DataError, match=r"testnames\.txt: names '300_1', of which there is no image"):
        import_helen(src, out)
    (src / "helen_1/100_1.jpg").unlink()
    with pytest.raises(DataError, match="'100_1': has no image"):
        import_helen(src, out)
    with pytest.raises(DataError, match="annotation: there is no such folder"):
        import_helen(tmp_path, out)
