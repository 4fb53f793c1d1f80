"""Maps and masks keep every value, whatever mode they are stored in, or are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from priorsr.data.maps import read_mask, read_parsing
from priorsr.errors import DataError
from priorsr.priors import label_map

CELEBA, HELEN = label_map("celebamask-19"), label_map("helen-11")
MARKED = np.zeros((6, 8), dtype=bool)
MARKED[1:4, 2:7] = True


def saved(path: Path, image: Image.Image, image_format: str = "PNG", **options: Any) -> Path:
    image.save(path / "mask.png", image_format, **options)
    return path / "mask.png"


def coloured(colour: tuple[int, ...], background: tuple[int, ...] | None = None) -> Image.Image:
    return Image.fromarray(np.where(MARKED[..., None], colour, background or (0,) * len(colour)).astype(np.uint8))


def indexed(palette: list[int], marked: int = 1, background: int = 0) -> Image.Image:
    image = Image.fromarray(np.where(MARKED, marked, background).astype(np.uint8), "L")
    image.putpalette(palette)
    return image


MASKS = {
    "1 bit": Image.fromarray(MARKED),
    "grey 255": Image.fromarray(MARKED.astype(np.uint8) * 255),
    "grey 1": Image.fromarray(MARKED.astype(np.uint8)),
    "white": coloured((255, 255, 255)),
    "red": coloured((255, 0, 0)),
    "green": coloured((0, 255, 0)),
    "blue": coloured((0, 0, 255)),
    "almost black": coloured((0, 0, 1)),
    "opaque RGBA": coloured((0, 255, 0, 255), (0, 0, 0, 255)),
    "RGBA on nothing": coloured((0, 255, 0, 255)),
    "RGBA on transparent colour": coloured((0, 255, 0, 255), (0, 255, 0, 0)),
    "half transparent": coloured((0, 255, 0, 9), (0, 0, 0, 255)),
    "grey with alpha": coloured((255, 255), (255, 0)),
    "palette": indexed([0, 0, 0, 0, 255, 0]),
    "palette of many": indexed([0, 0, 0] * 3 + [0, 0, 255], 3),
    "palette without colours": indexed([0, 0, 0] * 256, 7),
    "palette with a coloured background": indexed([255, 0, 255, 0, 255, 0]),
    "palette that begins with white": indexed([255, 255, 255, 0, 0, 0], 0, 1),
}


@pytest.mark.parametrize("name", MASKS)
def test_whatever_is_not_zero_is_marked(tmp_path: Path, name: str) -> None:
    assert np.array_equal(read_mask(saved(tmp_path, MASKS[name])), MARKED)


def test_masks_of_2_and_4_bits_of_transparent_indices_and_in_webp(tmp_path: Path, raw_png) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(raw_png(4, 1, 2, 0, b"\0" + bytes([0b00011011])))
    assert read_mask(path).tolist() == [[False, True, True, True]]
    path.write_bytes(raw_png(4, 1, 4, 0, b"\0" + bytes([0x01, 0xF0])))
    assert read_mask(path).tolist() == [[False, True, True, False]]
    assert np.array_equal(read_mask(saved(tmp_path, indexed([0, 0, 0, 0, 255, 0]), transparency=0)), MARKED)
    assert np.array_equal(read_mask(saved(tmp_path, MASKS["blue"], "WEBP", lossless=True)), MARKED)


def test_masks_that_are_empty_or_full_stay_so(tmp_path: Path) -> None:
    for value in (0, 1, 255):
        whole = np.full((4, 4), value, dtype=np.uint8)
        for mode in ("L", "RGB", "RGBA"):
            assert (read_mask(saved(tmp_path, Image.fromarray(whole).convert(mode))) == bool(value)).all()
        assert (read_mask(saved(tmp_path, Image.fromarray(whole > 0))) == bool(value)).all()
    assert not read_mask(saved(tmp_path, Image.new("RGBA", (4, 4)))).any()
    assert read_mask(saved(tmp_path, Image.new("P", (4, 4), 1))).all()


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (coloured((0, 0, 0, 255)), "its colours and its transparency contradict each other"),
        (coloured((255, 255, 255, 0)), "its colours and its transparency contradict each other"),
        (coloured((255, 255, 255, 0), (0, 0, 0, 255)), "its colours and its transparency contradict each other"),
        (Image.new("CMYK", (4, 4)), "is a lossy JPEG image, which changes values; a PNG was expected"),
        (Image.fromarray(np.full((4, 4), 300, dtype=np.uint16)), "has values of 16 bits"),
    ],
    ids=["black on nothing", "all transparent", "hidden", "CMYK", "16 bits"],
)
def test_masks_that_can_mean_two_things_are_refused(tmp_path: Path, image: Image.Image, problem: str) -> None:
    path = saved(tmp_path, image, "JPEG" if image.mode == "CMYK" else "PNG")
    with pytest.raises(DataError, match=problem):
        read_mask(path)


def test_a_palette_that_contradicts_a_single_index_is_refused(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 255, 255, 0, 0, 0])
    with pytest.raises(DataError, match="has the index 0 throughout, whose colour contradicts it"):
        read_mask(saved(tmp_path, image))


LOSSY = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"quality": 100}}


@pytest.mark.parametrize("image_format", LOSSY)
def test_lossy_maps_and_masks_are_refused_under_any_suffix(tmp_path: Path, image_format: str) -> None:
    for suffix in (".png", ".jpg", ".webp"):
        path = tmp_path / f"map{suffix}"
        Image.fromarray(MARKED.astype(np.uint8)).save(path, image_format, **LOSSY[image_format])
        with pytest.raises(DataError, match=rf"map{suffix}: is a lossy {image_format} image, which changes values"):
            read_parsing(path, CELEBA)
        with pytest.raises(DataError, match=rf"map{suffix}: is a lossy {image_format} image"):
            read_mask(path)


def test_maps_that_exif_turns_or_that_move_are_refused(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    path = saved(tmp_path, MASKS["grey 1"], exif=exif)
    moving = saved(tmp_path, MASKS["grey 255"], save_all=True, append_images=[MASKS["grey 1"]]).rename(
        tmp_path / "b.png"
    )
    path = saved(tmp_path, MASKS["grey 1"], exif=exif)
    for read in (read_mask, lambda path: read_parsing(path, CELEBA)):
        with pytest.raises(DataError, match="has the EXIF orientation 6; a map stored upright was expected"):
            read(path)
        with pytest.raises(DataError, match="is animated, with 2 frames"):
            read(moving)


def test_class_indices_are_exact_in_every_mode(tmp_path: Path, raw_png) -> None:
    classes = np.arange(19, dtype=np.uint8).reshape(1, 19)
    grey = Image.fromarray(classes)
    palette = grey.copy()
    palette.putpalette(CELEBA.palette.tobytes())
    for image, options in ((grey, {}), (palette, {}), (palette, {"transparency": 0}), (palette, {"optimize": True})):
        assert np.array_equal(read_parsing(saved(tmp_path, image, **options), CELEBA), classes)
    path = tmp_path / "map.png"
    path.write_bytes(raw_png(4, 2, 4, 0, b"\0" + bytes([0x01, 0x2A]) + b"\0" + bytes([0x93, 0x45])))
    assert read_parsing(path, HELEN).tolist() == [[0, 1, 2, 10], [9, 3, 4, 5]]
    path.write_bytes(raw_png(4, 1, 2, 0, b"\0" + bytes([0b00011011])))
    assert read_parsing(path, HELEN).tolist() == [[0, 1, 2, 3]]
    found = read_parsing(saved(tmp_path, Image.fromarray(MARKED)), CELEBA)
    assert found.dtype == np.uint8
    assert np.array_equal(found, MARKED)


def test_maps_that_hold_no_class_indices_are_refused(tmp_path: Path) -> None:
    for image in (coloured((1, 1, 1)), coloured((1, 255)), coloured((1, 1, 1, 255))):
        with pytest.raises(DataError, match=f"has the mode {image.mode}; class indices in one channel"):
            read_parsing(saved(tmp_path, image), CELEBA)
    with pytest.raises(DataError, match="has values of 16 bits"):
        read_parsing(saved(tmp_path, Image.fromarray(np.ones((2, 2), dtype=np.uint16))), CELEBA)
    with pytest.raises(DataError, match="has the class 11; the classes 0 to 10 of helen-11"):
        read_parsing(saved(tmp_path, Image.new("L", (2, 2), 11)), HELEN)
