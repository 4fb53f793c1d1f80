from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from priorsr.errors import DataError
from priorsr.inference.pictures.exif import resized_exif
from priorsr.inference.pictures.picture import picture_of, read_picture

UPRIGHT = np.array([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 0, 0], [250, 250, 250]]], np.uint8)
STORED = {  # by EXIF orientation, how a camera stores the picture
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


def exif_of(content: bytes | None) -> Image.Exif:
    exif = Image.Exif()
    exif.load(content or b"")
    return exif


def with_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "camera"
    exif[ExifTags.Base.ImageWidth] = 3
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 3, ExifTags.Base.ExifImageHeight: 2}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return exif


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_a_picture_is_turned_upright_and_its_orientation_forgotten(
    orientation: int, format_: str, tmp_path: Path
) -> None:
    path = tmp_path / "turned"
    image = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    image.save(path, format_, exif=with_exif(orientation), **({"lossless": True} if format_ == "WEBP" else {}))
    picture = read_picture(path)
    assert np.array_equal(picture.rgb(), UPRIGHT)
    kept = exif_of(picture.exif)
    assert ExifTags.Base.Orientation not in kept
    assert kept[ExifTags.Base.Make] == "camera"
    assert kept.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_a_thumbnail_is_not_kept() -> None:
    thumbnail = io.BytesIO()
    Image.new("RGB", (8, 8)).save(thumbnail, "JPEG")
    small = thumbnail.getvalue()
    first = struct.pack("<HHHIII", 1, 0x010F, 2, 3, int.from_bytes(b"me\0\0", "little"), 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(small), 0)
    stored = io.BytesIO()
    exif = b"Exif\0\0II*\0\x08\0\0\0" + first + second + small
    Image.new("RGB", (20, 10)).save(stored, "JPEG", exif=exif)
    assert stored.getvalue().count(small) == 1
    picture = picture_of(Image.open(stored), "it")
    assert exif_of(picture.exif)[ExifTags.Base.Make] == "me"
    assert small[:40] not in (picture.exif or b"")


def test_the_sizes_that_exif_tells_are_those_of_the_result() -> None:
    found = exif_of(resized_exif(with_exif().tobytes(), (24, 16)))
    assert found[ExifTags.Base.ImageWidth] == 24
    assert ExifTags.Base.ImageLength not in found
    inner = found.get_ifd(ExifTags.IFD.Exif)
    assert (inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight]) == (24, 16)


def test_broken_exif_data_are_left_out_with_a_note(tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"  # five entries, of which one is there
    Image.fromarray(UPRIGHT).save(tmp_path / "a.png", exif=broken)
    picture = read_picture(tmp_path / "a.png")
    assert picture.exif is None
    assert picture.rgb().shape in ((2, 3, 3), (3, 2, 3))


def test_grey_stays_grey_and_alpha_grows_along() -> None:
    image = Image.new("LA", (4, 2), (7, 100))
    image.putpixel((0, 0), (7, 255))
    result = picture_of(image, "it").enlarged(Image.new("RGB", (8, 4), (90, 90, 90))).merged()
    assert (result.mode, result.size) == ("LA", (8, 4))
    assert result.getpixel((7, 3)) == (90, 100)
    assert result.getpixel((0, 0))[1] > 200


def test_the_given_image_is_not_changed() -> None:
    image = Image.fromarray(UPRIGHT)
    image.info["icc_profile"] = b"broken"
    image.getexif()[ExifTags.Base.Orientation] = 6
    picture_of(image, "it")
    assert image.info["icc_profile"] == b"broken"
    assert image.size == (3, 2)
    assert image.getexif()[ExifTags.Base.Orientation] == 6


def test_a_pillow_image_whose_file_breaks_off_is_told() -> None:
    stored = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(stored, "JPEG")
    with pytest.raises(DataError, match="^it: cannot be read as an image"):
        picture_of(Image.open(io.BytesIO(stored.getvalue()[:900])), "it")


def test_what_is_no_picture_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("text")
    with pytest.raises(DataError, match=r"a\.jpg: cannot be read as an image"):
        read_picture(tmp_path / "a.jpg")
