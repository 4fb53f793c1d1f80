"""Image files are what their content says, and are refused by their header before anything is decoded."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from priorsr.data.decoding import MOST_PIXELS, decode
from priorsr.data.images import read_image, read_photograph
from priorsr.errors import DataError

RED, BLUE = (200, 10, 10), (10, 10, 200)
CORNERS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = orientation
    return exif


def test_the_content_tells_the_format_and_the_suffix_does_not(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), RED)
    for image_format in ("PNG", "JPEG", "WEBP"):
        (tmp_path / "a.png").write_bytes(encoded(image, image_format))
        assert read_photograph(tmp_path / "a.png")[1] == image_format


@pytest.mark.parametrize(
    ("content", "lossless"),
    [
        (encoded(Image.new("RGB", (8, 8), RED), "PNG"), True),
        (encoded(Image.new("RGB", (8, 8), RED), "JPEG", quality=100), False),
        (encoded(Image.new("RGB", (8, 8), RED), "WEBP", lossless=True), True),
        (encoded(Image.new("RGB", (8, 8), RED), "WEBP", quality=100), False),
        (encoded(Image.new("RGB", (8, 8), RED), "WEBP", lossless=True, exif=oriented(1)), True),
        (encoded(Image.new("RGB", (8, 8), RED), "WEBP", quality=100, exif=oriented(1)), False),
    ],
    ids=["png", "jpeg", "lossless webp", "webp", "lossless webp with exif", "webp with exif"],
)
def test_lossy_files_are_told_from_lossless_ones(content: bytes, lossless: bool) -> None:
    assert decode(Path("a"), content).lossless is lossless


def test_a_jpeg_with_a_second_picture_inside_is_the_first(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE))
    (tmp_path / "a.jpg").write_bytes(encoded(first, "MPO", save_all=True, append_images=[second], quality=95))
    assert Image.open(tmp_path / "a.jpg").format == "MPO"
    pixels, image_format = read_photograph(tmp_path / "a.jpg")
    assert image_format == "JPEG"
    assert np.abs(pixels.astype(int) - RED).max() <= 3


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_animations_are_refused(image_format: str) -> None:
    first, second = (Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE))
    content = encoded(first, image_format, save_all=True, append_images=[second])
    with pytest.raises(DataError, match=r"a\.png: is animated, with 2 frames; a single image was expected"):
        decode(Path("a.png"), content)


@pytest.mark.parametrize(("colour", "values"), [(0, 1), (2, 3), (4, 2), (6, 4)], ids=["grey", "RGB", "LA", "RGBA"])
def test_16_bits_are_refused_in_every_mode(raw_png, colour: int, values: int) -> None:
    content = raw_png(2, 1, 16, colour, b"\0" + bytes(range(4 * values)))
    with pytest.raises(DataError, match=r"a\.png: has values of 16 bits; an image of 8 bits was expected"):
        decode(Path("a.png"), content)


def test_other_modes_are_refused_as_photographs(raw_png, tmp_path: Path) -> None:
    for mode, image_format in (("CMYK", "JPEG"), ("1", "PNG")):
        Image.new(mode, (8, 8)).save(tmp_path / "a.png", image_format)
        with pytest.raises(DataError, match=f"has the mode {mode}; an RGB image of 8 bits was expected"):
            read_photograph(tmp_path / "a.png")
    for content in (
        encoded(Image.new("RGBA", (8, 8), (*RED, 254)), "PNG"),
        encoded(Image.new("LA", (8, 8), (9, 0)), "PNG"),
        raw_png(1, 1, 8, 2, b"\0" + bytes(RED), (b"tRNS", b"".join(value.to_bytes(2, "big") for value in RED))),
    ):
        with pytest.raises(DataError, match="has transparent pixels"):
            read_image(Path("a.png"), content)
    opaque = encoded(Image.new("RGBA", (8, 8), (*RED, 255)), "PNG")
    assert (read_image(Path("a.png"), opaque) == RED).all()


@pytest.mark.parametrize("side", [12_000, 20_000, 2**31 - 1])
def test_a_huge_image_is_refused_by_its_header(raw_png, side: int, recwarn: pytest.WarningsRecorder) -> None:
    content = raw_png(side, side, 8, 2, bytes(1000))
    start = time.perf_counter()
    with pytest.raises(DataError, match=rf"is {side} x {side}; an image of at most 67,108,864 pixels was expected"):
        decode(Path("a.png"), content)
    assert time.perf_counter() - start < 1
    assert not recwarn.list  # nor does Pillow warn of it


def test_a_huge_webp_is_refused_by_its_header() -> None:
    content = bytearray(encoded(Image.new("RGB", (2, 2)), "WEBP", lossless=True))
    content[21:25] = ((16_383 - 1) | (4_097 - 1) << 14 | 1 << 28).to_bytes(4, "little")  # width and height
    assert MOST_PIXELS < 16_383 * 4_097
    with pytest.raises(DataError, match="is 4097 x 16383; an image of at most"):
        decode(Path("a.webp"), bytes(content))


def test_only_the_sizes_that_are_asked_for_are_decoded(raw_png) -> None:
    content = raw_png(8, 6, 8, 2, b"")
    with pytest.raises(DataError, match=r"is 6 x 8; 8 x 8 or 16 x 16 was expected, as manifest\.json has it"):
        decode(Path("a.png"), content, ((8, 8), (16, 16)))


def test_a_flipped_bit_of_a_png_is_noticed(raw_png) -> None:
    content = raw_png(3, 2, 8, 2, b"".join(b"\0" + row.tobytes() for row in CORNERS))
    assert np.array_equal(read_image(Path("a.png"), content), CORNERS)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 4
        try:
            found = read_image(Path("a.png"), bytes(flipped))
        except DataError as error:
            assert str(error).startswith("a.png: ")  # noqa: PT017 (the flip may also be behind the last pixel)
        else:
            assert np.array_equal(found, CORNERS)
            assert place >= len(content) - 12  # in the chunk that ends the file


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(image_format: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(pixels), image_format)
    for length in range(0, len(content) - 20, 13):
        with pytest.raises(DataError, match=r"^a\.png: cannot be read as an image") as raised:
            decode(Path("a.png"), content[:length])
        assert "\n" not in str(raised.value)


def test_what_is_no_such_image_is_refused(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    for image_format in ("GIF", "TIFF", "BMP", "PPM", "JPEG2000"):
        with pytest.raises(DataError, match="cannot be read as an image; PNG, JPEG or WebP was expected"):
            decode(Path("a.png"), encoded(image, image_format))
    with pytest.raises(DataError, match="there is no such file"):
        read_image(tmp_path / "nothing.png")
    with pytest.raises(DataError, match="is a folder; an image was expected"):
        read_image(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="is a pipe or a device; an image was expected"):
        read_image(tmp_path / "pipe.png")
    with open(tmp_path / "sparse.png", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match=r"sparse\.png: has 1,099,511,627,776 bytes; an image of at most 536"):
        read_image(tmp_path / "sparse.png")


UPRIGHT = {  # how each EXIF orientation is turned: CIPA DC-008, Orientation
    1: CORNERS,
    2: CORNERS[:, ::-1],
    3: CORNERS[::-1, ::-1],
    4: CORNERS[::-1],
    5: CORNERS.swapaxes(0, 1),
    6: np.rot90(CORNERS, -1),
    7: CORNERS[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(CORNERS),
}


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photographs_are_turned_upright(tmp_path: Path, orientation: int, image_format: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.fromarray(CORNERS), image_format, exif=oriented(orientation), lossless=True))
    assert np.array_equal(read_photograph(path)[0], UPRIGHT[orientation])
    if orientation == 1:
        assert np.array_equal(read_photograph(path, "its map")[0], CORNERS)
        return
    with pytest.raises(DataError, match=f"orientation {orientation}, and its map may be of the image as stored or as"):
        read_photograph(path, "its map")


def test_faces_are_pngs_stored_upright() -> None:
    for orientation in (1, 9):
        content = encoded(Image.fromarray(CORNERS), "PNG", exif=oriented(orientation))
        assert np.array_equal(read_image(Path("a.png"), content), CORNERS)
    with pytest.raises(DataError, match=r"a\.png: has the EXIF orientation 6; an image stored upright was expected"):
        read_image(Path("a.png"), encoded(Image.fromarray(CORNERS), "PNG", exif=oriented(6)))
    for image_format in ("JPEG", "WEBP"):
        with pytest.raises(DataError, match=rf"a\.png: is a {image_format} image; a PNG was expected"):
            read_image(Path("a.png"), encoded(Image.fromarray(CORNERS), image_format))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [oriented(0), oriented(9), b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_orientations_that_mean_nothing_turn_nothing(exif: Any) -> None:
    content = encoded(Image.fromarray(CORNERS), "JPEG", exif=exif, quality=100, subsampling=0)
    assert decode(Path("a.jpg"), content).orientation == 1
