"""Read a user's picture: upright, in sRGB or grey, 8 bits, with alpha, profile and EXIF data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from priorsr.data.decoding import decode
from priorsr.errors import DataError
from priorsr.inference.pictures.colour_profiles import split_colours
from priorsr.inference.pictures.exif import carried_exif


@dataclass(frozen=True)
class Picture:
    """A picture to enlarge.

    image: mode RGB (sRGB) or L, upright. alpha: mode L, of the same size, or None. profile, exif: to be written beside
    it, or None. notes: sentences on what was left out.
    """

    image: Image.Image
    alpha: Image.Image | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()

    def rgb(self) -> np.ndarray:
        """Return its colours, (H,W,3) uint8; grey three times."""
        return np.asarray(self.image.convert("RGB"))

    def enlarged(self, image: Image.Image) -> Picture:
        """Return the picture whose colours became `image`, of any size: grey if this is, with alpha resized to it."""
        alpha = self.alpha and self.alpha.resize(image.size, Image.Resampling.BICUBIC)
        colours = image if image.mode == self.image.mode else image.convert(self.image.mode)
        return replace(self, image=colours, alpha=alpha)

    def merged(self) -> Image.Image:
        """Return the picture as one Pillow image, whose `info` holds profile and EXIF data."""
        image = self.image.copy()
        if self.alpha is not None:
            image.putalpha(self.alpha)
        image.info = {key: value for key, value in (("icc_profile", self.profile), ("exif", self.exif)) if value}
        return image


def read_picture(path: Path) -> Picture:
    """Read a PNG, JPEG or WebP as `picture_of` takes it; raises DataError for anything else."""
    return picture_of(decode(path, most_bits=16).image, str(path))


def picture_of(image: Image.Image, who: str) -> Picture:
    """Turn a Pillow image of any mode upright, as its EXIF data have it, and split its colours by `split_colours`.

    Raises DataError, beginning with `who`, for modes that are no colours, and for a file that breaks off.
    """
    try:
        image.load()
    except Exception as error:  # Pillow raises whatever its parsers do
        raise DataError(f"{who}: cannot be read as an image ({error})") from error
    exif: bytes | None = None
    notes: tuple[str, ...] = ()
    try:
        image = ImageOps.exif_transpose(image)
        exif = carried_exif(image)
    except Exception as error:  # Pillow raises whatever its parsers do
        image = image.copy()
        notes = (f"its EXIF data are broken ({error}): left out",)
    colours = split_colours(image, who)
    colours.image.info.clear()  # of which Pillow writes some by itself
    return Picture(colours.image, colours.alpha, colours.profile, exif, (*notes, *colours.notes))
