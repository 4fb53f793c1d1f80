"""Turn any picture into 8-bit sRGB or grey, with alpha apart."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from priorsr.errors import DataError

SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}  # by mode, the colour space that its profile must describe
_PLAIN = {"1": "L", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


class Colours(NamedTuple):
    """The colours of a picture.

    image: mode RGB, sRGB, or L. alpha: mode L, or None. profile: the ICC profile to write beside.
    notes: sentences on what was left out.
    """

    image: Image.Image
    alpha: Image.Image | None
    profile: bytes | None
    notes: tuple[str, ...]


def split_colours(image: Image.Image, who: str) -> Colours:
    """Split a Pillow image of any mode into its colours and alpha, without changing it.

    1 bit, grey and 16-bit grey become grey (L); 16 bits are rounded to 8. Palette and CMYK become RGB. RGB and CMYK
    with an ICC profile are converted to sRGB by it (perceptual intent), unless it is one of sRGB, which is kept; grey
    keeps its profile. A profile that cannot be used is left out, with a note. Raises DataError for modes without a
    meaning as colours (F, LAB), and for values beyond 16 bits.
    """
    plain = _in_8_bits(image, who)
    alpha = None
    if plain.mode in ("RGBA", "LA"):
        alpha = plain.getchannel("A")
        plain = plain.convert(plain.mode[:-1])
    content = image.info.get("icc_profile")
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(content)) if content else None
        space = profile.profile.xcolor_space.strip() if profile else ""
        if profile and space == SPACES[plain.mode] and not _is_kept(plain.mode, profile):
            return Colours(_converted(plain, profile), alpha, None, ())
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        return Colours(_rgb_or_grey(plain), alpha, None, (f"its colour profile cannot be read ({error}): left out",))
    if profile and space != SPACES[plain.mode]:
        note = f"its colour profile is for {space}, and the picture is {SPACES[plain.mode]}: left out"
        return Colours(_rgb_or_grey(plain), alpha, None, (note,))
    return Colours(_rgb_or_grey(plain), alpha, content or None, ())


def _is_kept(mode: str, profile: ImageCms.ImageCmsProfile) -> bool:
    return mode == "L" or (mode == "RGB" and ImageCms.getProfileDescription(profile).strip().startswith("sRGB"))


def _converted(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None, "only a conversion in place returns None"
    converted.info.clear()
    return converted


def _rgb_or_grey(image: Image.Image) -> Image.Image:
    return image.convert("RGB") if image.mode == "CMYK" else image


def _in_8_bits(image: Image.Image, who: str) -> Image.Image:
    """Return the image in one of the modes L, LA, RGB, RGBA and CMYK."""
    mode = image.mode
    if mode.startswith("I;16") or mode == "I":
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise DataError(f"{who}: has values from {values.min()} to {values.max()}; 0 to 65535 were expected")
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if "transparency" in image.info and mode in ("1", "L", "P", "RGB"):
        return image.convert("LA" if mode in ("1", "L") else "RGBA")
    if mode == "P":
        return image.convert("RGB")
    if mode in _PLAIN:
        return image.convert(_PLAIN[mode])
    if mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        raise DataError(f"{who}: has the mode {mode}; grey, RGB, palette or CMYK was expected")
    return image
