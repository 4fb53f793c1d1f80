"""Read a stranger's SR images: each file's header is checked before anything is decoded."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np

from priorsr.data.images import read_image
from priorsr.errors import DataError

_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">I4sIIBBBBB")  # length and name of the first chunk, then width, height, and the format


def most_bytes(size: int) -> int:
    """Return the largest size in bytes of a file of an image of `size` pixels a side: float32 values and a header."""
    return 12 * size * size + 2**16


def png_pixels(name: str, content: bytes, size: int) -> np.ndarray:
    """Return the pixels (H,W,3), uint8, of a PNG of `size` pixels a side.

    Raises DataError naming the file for another header, before decoding, and for broken data.
    """
    if len(content) < len(_PNG) + 25 or content[: len(_PNG)] != _PNG:
        raise DataError(f"{name}: is no PNG")
    length, chunk, width, height, depth, colour, *_ = _HEADER.unpack_from(content, len(_PNG))
    if (length, chunk) != (13, b"IHDR"):
        raise DataError(f"{name}: is a PNG without a header")
    if (width, height) != (size, size):
        raise DataError(f"{name}: is {height} x {width} pixels; {size} x {size} was expected")
    if (depth, colour) != (8, 2):
        raise DataError(f"{name}: has {depth} bits in colour type {colour}; RGB of 8 bits (colour type 2) was expected")
    return read_image(Path(name), content)


def npy_values(name: str, content: bytes, size: int) -> np.ndarray:
    """Return the values (3,H,W), float32, of an array of `size` pixels a side: the model's output.

    Raises DataError naming the file for any other header, before the values are read, and for NaN and infinity.
    """
    file = BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise ValueError(f"format {version}")
        shape, fortran, dtype = read_header[version](file)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{name}: cannot be read as an array ({error})") from error
    if dtype.hasobject:
        raise DataError(f"{name}: holds objects, a pickle, which can execute; float32 was expected")
    if (shape, fortran, dtype.str) != ((3, size, size), False, "<f4"):
        order = "Fortran" if fortran else "C"
        raise DataError(
            f"{name}: is {dtype.str} {shape} in {order} order; <f4 {(3, size, size)} in C order was expected"
        )
    values = content[file.tell() :]
    if len(values) != 4 * 3 * size * size:
        raise DataError(f"{name}: has {len(values)} bytes of values; {4 * 3 * size * size} were expected")
    array = np.frombuffer(values, dtype="<f4").reshape(shape)
    if not np.isfinite(array).all():
        raise DataError(f"{name}: holds NaN or infinity; finite values were expected")
    return array
