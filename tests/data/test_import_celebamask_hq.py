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
    with pytest.raises(DataError, match="has no line for the image 1"):
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
    with pytest.raises(DataError, match=r"me\.jpg: is named 'me'; a number of up to five digits"):
        import_celebamask_hq(src, tmp_path / "out", size=16)


def paint(path: Path, how: str) -> None:
    """Store a mask otherwise, with the same pixels marked."""
    marked = np.asarray(Image.open(path))[..., 0] > 0
    if how == "1 bit":
        image = Image.fromarray(marked)
    elif how == "palette":
        image = Image.fromarray(marked.astype(np.uint8))
        image.putpalette([0, 0, 0, 0, 0, 255])
    else:
        colour = {"grey": 1, "green": (0, 255, 0), "blue": (0, 0, 1), "transparent": (0, 255, 0, 255)}[how]
        image = Image.fromarray((marked[..., None] * np.array(colour)).astype(np.uint8).squeeze())
    image.save(path)


@pytest.mark.parametrize("how", ["1 bit", "grey", "green", "blue", "palette", "transparent"])
def test_masks_mean_the_same_in_any_mode(src: Path, tmp_path: Path, how: str) -> None:
    official = import_celebamask_hq(src, tmp_path / "official", size=16).parsing("02000")
    for file in (src / "CelebAMask-HQ-mask-anno").rglob("*.png"):
        paint(file, how)
    found = import_celebamask_hq(src, tmp_path / "out", size=16).parsing("02000")
    assert found is not None
    assert official is not None
    assert found.tolist() == official.tolist()
    assert set(np.unique(found)) == {0, 1, 2, 13, 18}


def test_lossy_masks_are_refused(src: Path, tmp_path: Path) -> None:
    nose = src / "CelebAMask-HQ-mask-anno/1/02000_nose.png"
    Image.open(nose).save(nose, "JPEG", quality=100)
    with pytest.raises(DataError, match=r"02000_nose\.png: is a lossy JPEG image, which changes values"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    nose.rename(nose.with_suffix(".jpg"))
    with pytest.raises(DataError, match=r"02000_nose\.jpg: is not named like a mask; NNNNN_PART\.png was expected"):
        import_celebamask_hq(src, tmp_path / "out", size=16)


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("0/02000_hat.png", "is a mask of the image 2000; it was expected in the folder 1"),
        ("01/02000_hat.png", "is a mask of the image 2000; it was expected in the folder 1"),
        ("1/02000_nos.png", "is a mask of an unknown part 'nos'; did you mean 'nose'"),
        ("1/02000_Nose.png", "is a mask of an unknown part 'Nose'"),
        ("1/02001_hat.png", "is a mask of the image 2001, which is not in CelebA-HQ-img"),
        ("1/2000_hat.png", "is not named like a mask; NNNNN_PART.png was expected"),
        ("1/02000_hat.webp", "is not named like a mask"),
        ("1/02000_hat (copy).png", "is not named like a mask"),
        ("1/02000_nose.PNG", "02000_nose.png is a mask of the same part|02000_nose.PNG is a mask of the same part"),
        ("02000_hat.png", "is not a folder; a folder of masks, called 0, 1, ..., was expected"),
    ],
)
def test_a_mask_that_belongs_to_no_face_is_refused(src: Path, tmp_path: Path, place: str, problem: str) -> None:
    mask(src / "CelebAMask-HQ-mask-anno" / place, slice(0, 9), slice(0, 9))
    with pytest.raises(DataError, match=problem) as raised:
        import_celebamask_hq(src, tmp_path / "out", size=16)
    assert Path(place).stem.lower() in str(raised.value).lower()
    assert not (tmp_path / "out").exists()


def test_strays_are_no_masks_and_no_images(src: Path, tmp_path: Path) -> None:
    for name in ("Thumbs.db", ".DS_Store", "._0.jpg", "desktop.ini", "README.txt", "__MACOSX/._a.png"):
        for inner in ("CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebAMask-HQ-mask-anno/0"):
            (src / inner / name).parent.mkdir(exist_ok=True)
            (src / inner / name).write_bytes(b"stray")
    nose = src / "CelebAMask-HQ-mask-anno/1/02000_nose.png"
    nose.rename(nose.with_name("02000_nose.PNG"))
    made = import_celebamask_hq(src, tmp_path / "out", size=16)
    parsing = made.parsing("02000")
    assert parsing is not None
    assert 2 in parsing
    assert len(made.ids("train")) == 5


def test_masks_have_the_shape_of_their_photograph(src: Path, tmp_path: Path) -> None:
    photograph = src / "CelebA-HQ-img/2000.jpg"
    Image.new("RGB", (128, 100)).save(photograph)
    with pytest.raises(DataError, match=r"02000_skin\.png: is 64 x 64, but its image is 100 x 128; the same shape"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    exif = Image.Exif()
    exif[0x112] = 3
    Image.new("RGB", (128, 128)).save(photograph, exif=exif)
    with pytest.raises(DataError, match=r"2000\.jpg: has the EXIF orientation 3, and its masks may be of the image as"):
        import_celebamask_hq(src, tmp_path / "out", size=16)


def test_a_face_without_skin_is_refused(src: Path, tmp_path: Path) -> None:
    mask(src / "CelebAMask-HQ-mask-anno/1/02000_skin.png", slice(0, 0), slice(0, 0))
    with pytest.raises(DataError, match=r"02000_skin\.png: is empty; a mask of the face's skin was expected"):
        import_celebamask_hq(src, tmp_path / "out", size=16)


@pytest.mark.parametrize("name", ["\u0661.jpg", "01.jpg", "1.JPG", "1.png"])
def test_two_images_of_one_number_are_refused(src: Path, tmp_path: Path, name: str) -> None:
    Image.new("RGB", (128, 128)).save(src / "CelebA-HQ-img" / name)
    with pytest.raises(DataError, match="has the same number as|has the same name|a number of up to five digits"):
        import_celebamask_hq(src, tmp_path / "out", size=16)


def test_the_official_lists_may_have_a_byte_order_mark_and_no_contradictions(src: Path, tmp_path: Path) -> None:
    rows = [f"{number} {number} {number:06d}.jpg" for number in NUMBERS]
    mapping, partition = src / "CelebA-HQ-to-CelebA-mapping.txt", src / "list_eval_partition.txt"
    mapping.write_text("\r\n".join(rows), encoding="utf-8-sig")
    partition.write_text("".join(f"{number:06d}.jpg {number % 2}\n" for number in NUMBERS), encoding="utf-8-sig")
    made = import_celebamask_hq(src, tmp_path / "out", size=16)
    assert made.ids("train") == ("00000", "02000")
    assert made.ids("val") == ("00001", "01999", "04001")
    mapping.write_text("\n".join([*rows, "0 7 000001.jpg"]))
    with pytest.raises(DataError, match=r"mapping\.txt: names '0' twice, in lines 1 and 6"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
    mapping.write_text("\n".join([*rows, "five 7 000001.jpg"]))
    with pytest.raises(DataError, match=r"mapping\.txt: line 6 is 'five 7 000001\.jpg'; a number, the original's"):
        import_celebamask_hq(src, tmp_path / "out", size=16)
