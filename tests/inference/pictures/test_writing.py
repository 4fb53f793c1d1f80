from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from priorsr.errors import DataError
from priorsr.inference.pictures.picture import Picture
from priorsr.inference.pictures.writing import Writing, check_writable, write_picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def face(mode: str = "RGB", alpha: int | None = None, **options: bytes) -> Picture:
    image = Image.linear_gradient("L").resize((32, 24)).convert(mode)
    return Picture(image, None if alpha is None else Image.new("L", (32, 24), alpha), **options)


def exif(text: str = "camera") -> bytes:
    found = Image.Exif()
    found[ExifTags.Base.Make] = text
    return found.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("name", "format_"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")]
)
def test_the_suffix_names_the_format(mode: str, name: str, format_: str, tmp_path: Path) -> None:
    picture = face(mode, profile=PROFILE, exif=exif())
    assert write_picture(tmp_path / "deep" / name, picture, Writing()) == ()
    with Image.open(tmp_path / "deep" / name) as found:
        assert found.format == format_
        assert found.info["icc_profile"] == PROFILE
        assert found.getexif()[ExifTags.Base.Make] == "camera"
        error = np.abs(np.asarray(found.convert("RGB")).astype(int) - picture.rgb())
        assert error.max() <= (0 if format_ == "PNG" else 12)


def test_exif_data_are_stripped_where_asked(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", face(exif=exif(), profile=PROFILE), Writing(strip=True))
    with Image.open(tmp_path / "a.jpg") as found:
        assert len(found.getexif()) == 0
        assert "icc_profile" in found.info


def test_quality_is_that_of_jpeg_and_webp(tmp_path: Path) -> None:
    noise = Picture(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))
    for name in ("a.jpg", "a.webp"):
        sizes = []
        for quality in (30, 90):
            write_picture(tmp_path / name, noise, Writing(quality=quality))
            sizes.append((tmp_path / name).stat().st_size)
        assert sizes[0] < sizes[1]


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_alpha_is_written(name: str, tmp_path: Path) -> None:
    write_picture(tmp_path / name, face(alpha=77), Writing())
    with Image.open(tmp_path / name) as found:
        assert found.mode == "RGBA"
        assert found.getchannel("A").getextrema() == (77, 77)


def test_jpeg_takes_opaque_alpha_and_refuses_other(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", face(alpha=255), Writing())
    assert Image.open(tmp_path / "a.jpg").mode == "RGB"
    with pytest.raises(DataError, match="transparent pixels, which JPEG cannot hold"):
        write_picture(tmp_path / "b.jpg", face(alpha=254), Writing())
    assert not (tmp_path / "b.jpg").exists()


def test_exif_data_that_a_jpeg_cannot_hold_are_left_out_with_a_note(tmp_path: Path) -> None:
    (note,) = write_picture(tmp_path / "a.jpg", face(exif=exif("x" * 70000)), Writing())
    assert "more than a JPEG holds: left out" in note
    assert write_picture(tmp_path / "a.png", face(exif=exif("x" * 70000)), Writing()) == ()


@pytest.mark.parametrize(("name", "side"), [("a.jpg", 65536), ("a.webp", 16384)])
def test_sides_that_a_format_cannot_hold_are_told_before(name: str, side: int) -> None:
    check_writable(Path(name), (side - 1, 1), None)
    with pytest.raises(DataError, match=f"{side} x 1 pixels, and .* holds sides of at most {side - 1}"):
        check_writable(Path(name), (side, 1), None)
