from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from priorsr.errors import DataError
from priorsr.inference.pictures.colour_profiles import split_colours


def profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def wide() -> bytes:
    """A profile of RGB with other primaries than sRGB's: its red and its green exchanged, and another name."""
    content = bytearray(profile("sRGB"))
    count = int.from_bytes(content[128:132], "big")
    tags = {bytes(content[at : at + 4]): at + 4 for at in range(132, 132 + 12 * count, 12)}
    red, green = (bytes(content[tags[tag] : tags[tag] + 8]) for tag in (b"rXYZ", b"gXYZ"))
    content[tags[b"rXYZ"] : tags[b"rXYZ"] + 8], content[tags[b"gXYZ"] : tags[b"gXYZ"] + 8] = green, red
    return bytes(content.replace("sRGB".encode("utf-16-be"), "abcd".encode("utf-16-be")))


def ramp(mode: str) -> Image.Image:
    return Image.linear_gradient("L").resize((16, 16)).convert(mode)


@pytest.mark.parametrize(("mode", "plain"), [("1", "L"), ("L", "L"), ("P", "RGB"), ("RGB", "RGB"), ("CMYK", "RGB")])
def test_every_mode_becomes_grey_or_rgb(mode: str, plain: str) -> None:
    image = ramp(mode)
    found = split_colours(image, "it")
    assert (found.image.mode, found.alpha, found.profile, found.notes) == (plain, None, None, ())
    assert np.array_equal(np.asarray(found.image), np.asarray(image.convert(plain)))


@pytest.mark.parametrize(("mode", "plain"), [("LA", "L"), ("RGBA", "RGB"), ("La", "L")])
def test_alpha_is_split_off(mode: str, plain: str) -> None:
    image = ramp("L").convert("LA" if plain == "L" else "RGBA")
    image.putalpha(ramp("L").rotate(90))
    found = split_colours(image.convert(mode), "it")
    assert found.image.mode == plain
    assert found.alpha is not None
    assert np.array_equal(np.asarray(found.alpha), np.asarray(ramp("L").rotate(90)))


def test_a_transparent_colour_is_alpha() -> None:
    image = Image.fromarray(np.array([[0, 9]], np.uint8))
    image.info["transparency"] = 9
    found = split_colours(image, "it")
    assert found.alpha is not None
    assert np.asarray(found.alpha).tolist() == [[255, 0]]


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_16_bits_are_rounded_to_8(mode: str) -> None:
    values = np.array([[0, 128, 129, 257 * 100, 257 * 100 + 129, 65535]])
    image = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.int32))
    assert image.mode == mode
    assert np.asarray(split_colours(image, "it").image).tolist() == [[0, 0, 1, 100, 101, 255]]


def test_a_profile_of_srgb_is_kept() -> None:
    image = ramp("RGB")
    image.info["icc_profile"] = profile("sRGB")
    found = split_colours(image, "it")
    assert found.profile == profile("sRGB")[: len(found.profile or b"")]
    assert np.array_equal(np.asarray(found.image), np.asarray(image))


def test_colours_of_another_profile_are_converted_to_srgb() -> None:
    image = Image.new("RGB", (2, 2), (250, 10, 60))
    image.info["icc_profile"] = wide()
    found = split_colours(image, "it")
    assert found.profile is None
    assert found.notes == ()
    assert np.abs(np.asarray(found.image)[0, 0].astype(int) - (10, 250, 60)).max() <= 2
    assert np.asarray(image)[0, 0].tolist() == [250, 10, 60]  # the image given stays as it was


def test_a_profile_of_another_space_is_left_out_with_a_note() -> None:
    image = ramp("L")
    image.info["icc_profile"] = profile("sRGB")
    found = split_colours(image, "it")
    assert found.profile is None
    assert found.notes == ("its colour profile is for RGB, and the picture is GRAY: left out",)


def test_a_broken_profile_is_left_out_with_a_note() -> None:
    image = ramp("CMYK")
    image.info["icc_profile"] = b"no profile"
    found = split_colours(image, "it")
    assert found.image.mode == "RGB"
    assert found.profile is None
    assert "its colour profile cannot be read" in found.notes[0]


@pytest.mark.parametrize("image", [Image.new("F", (2, 2)), Image.new("I", (2, 2), 70000), Image.new("LAB", (2, 2))])
def test_what_is_no_colour_is_refused(image: Image.Image) -> None:
    with pytest.raises(DataError, match="^it: has"):
        split_colours(image, "it")
