"""Carry EXIF data over to an enlarged picture."""

from __future__ import annotations

from PIL import ExifTags, Image

_SIZES = {ExifTags.Base.ImageWidth: 0, ExifTags.Base.ImageLength: 1}
_SIZES_OF_EXIF = {ExifTags.Base.ExifImageWidth: 0, ExifTags.Base.ExifImageHeight: 1}
_OF_THE_FILE = (  # where the stored file keeps its thumbnail, its pixels, and how it is turned
    ExifTags.Base.JpegIFOffset,
    ExifTags.Base.JpegIFByteCount,
    ExifTags.Base.SubIFDs,
    ExifTags.Base.Orientation,
)


def carried_exif(image: Image.Image) -> bytes | None:
    """Return the EXIF data of a picture without thumbnail and orientation, or None if it has none."""
    exif = image.getexif()
    for tag in _OF_THE_FILE:
        exif.pop(tag, None)
    return exif.tobytes() if len(exif) else None


def resized_exif(content: bytes, size: tuple[int, int]) -> bytes:
    """Return EXIF data with the sizes that they name, where they do, set to (width, height)."""
    exif = Image.Exif()
    exif.load(content)
    inner = exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in exif else {}  # else Pillow writes an empty one
    for directory, tags in ((exif, _SIZES), (inner, _SIZES_OF_EXIF)):
        for tag, axis in tags.items():
            if tag in directory:
                directory[tag] = size[axis]
    return exif.tobytes()
