from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data.importers.celebamask_hq import PARTS, import_celebamask_hq
from priorsr.errors import DataError
from priorsr.priors import label_map

NUMBERS = (0, 1, 1999, 2000, 4001)


def mask(path: Path, rows: slice, columns: slice) -> None:
    """A mask of 64 px as the authors store it: RGB, 0 and 255."""
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    pixels[rows, columns] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Five faces in the official layout: photographs of 128 px, masks of 64."""
    root = tmp_path / "CelebAMask-HQ"
    (root / "CelebA-HQ-img").mkdir(parents=True)
    for number in NUMBERS:
        Image.new("RGB", (128, 128), (number % 256, 90, 30)).save(root / f"CelebA-HQ-img/{number}.jpg", quality=95)
        stem = f"{root}/CelebAMask-HQ-mask-anno/{number // 2000}/{number:05d}"
        mask(Path(f"{stem}_skin.png"), slice(0, 48), slice(0, 64))
        mask(Path(f"{stem}_nose.png"), slice(16, 32), slice(16, 48))
        mask(Path(f"{stem}_hair.png"), slice(0, 24), slice(0, 64))  # later than nose: covers it
        if number:
            mask(Path(f"{stem}_cloth.png"), slice(56, 64), slice(0, 64))
    return root


def test_the_order_of_the_parts_is_the_label_map_s() -> None:
    ours = [name.replace("left ", "l_").replace("right ", "r_") for name in label_map(19).classes[1:]]
    theirs = {
        "eye_g": "eyeglasses",
        "u_lip": "upper lip",
        "l_lip": "lower lip",
        "ear_r": "earring",
        "neck_l": "necklace",
    }
    assert [theirs.get(part, part) for part in PARTS] == ours


def test_masks_are_merged_in_the_authors_order_and_reduced(src: Path, tmp_path: Path) -> None:
    made = import_celebamask_hq(src, tmp_path / "out", size=16)
    assert sorted(face for split in made.splits for face in made.ids(split)) == [
        "00000",
        "00001",
        "01999",
        "02000",
        "04001",
    ]
    parsing = made.parsing("00001")
    assert parsing is not None
    assert made.image("00001").shape == (16, 16, 3)
    assert abs(made.image("01999")[8, 8].astype(int) - (1999 % 256, 90, 30)).max() <= 3
    assert parsing[:, 8].tolist() == [13] * 6 + [2] * 2 + [1] * 4 + [0] * 2 + [18] * 2
    assert parsing[7, 0] == 1
    other = made.parsing("00000")
    assert other is not None
    assert 18 not in other
    assert made.manifest.image_formats == {"JPEG": 5}
    assert "the last tenth" in made.manifest.source
    assert made.verify() == []


def test_the_official_split_is_taken_through_celeba(src: Path, tmp_path: Path) -> None:
    names = {0: "000005.jpg", 1: "000002.jpg", 1999: "000009.jpg", 2000: "000001.jpg", 4001: "000004.jpg"}
    lines = [f"{number}\t{index}\t{name}" for index, (number, name) in enumerate(names.items())]
    (src / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *lines]))
    partition = {"000005.jpg": 0, "000002.jpg": 2, "000009.jpg": 0, "000001.jpg": 1, "000004.jpg": 2, "000003.jpg": 1}
    (src / "list_eval_partition.txt").write_text("".join(f"{name} {part}\n" for name, part in partition.items()))
    made = import_celebamask_hq(src, tmp_path / "out", size=16)
    assert {split: made.ids(split) for split in made.splits} == {
        "train": ("00000", "01999"),
        "val": ("02000",),
        "test": ("00001", "04001"),
    }
    assert "split as CelebA is" in made.manifest.source
    (src / "list_eval_partition.txt").write_text("000005.jpg 0\n")
    with pytest.raises(DataError, match="does not name the image 1"):
        import_celebamask_hq(src, tmp_path / "second", size=16)


def test_nothing_is_enlarged_and_what_is_reduced_is_recorded(src: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0\.jpg: is 128 x 128, too small for the size 129"):
        import_celebamask_hq(src, tmp_path / "large", size=129)
    with pytest.raises(DataError, match=r"00000_skin\.png: is 64 x 64, too small for the size 65"):
        import_celebamask_hq(src, tmp_path / "large", size=65)
    made = import_celebamask_hq(src, tmp_path / "out", size=16).manifest
    assert made.original_sizes == ((128, 128),)
    assert "reduced to 16 x 16" in made.source


def test_what_is_missing_or_broken_is_told(src: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="CelebA-HQ-img: there is no such folder"):
        import_celebamask_hq(tmp_path, tmp_path / "out")
    mask_file = src / "CelebAMask-HQ-mask-anno/1/02000_nose.png"
    Image.new("RGB", (32, 32)).save(mask_file)
    with pytest.raises(DataError, match=r"02000_nose\.png: is \(32, 32\); \(64, 64\) was expected"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    mask_file.write_text("not an image")
    with pytest.raises(DataError, match=r"02000_nose\.png: cannot be read"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    (src / "CelebAMask-HQ-mask-anno/0/00001_skin.png").unlink()
    with pytest.raises(DataError, match=r"00001_skin\.png: there is no such file"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    (src / "CelebA-HQ-img/me.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"me\.jpg: is not called by a number"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
