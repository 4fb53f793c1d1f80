"""Recognise a file's real format by its first bytes."""

from __future__ import annotations

import re

SAFETENSORS = "is a .safetensors"
_BEGINNINGS = {  # the end of a sentence on such a file -> the file's first bytes
    "is a web page, as a download leaves that was not confirmed; download it again": (
        rb"\s*(<!doctype html|<html|<\?xml|<head)"
    ),
    "is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`": rb"version https://git-lfs",
    "is an HDF5 file": rb"\x89HDF",
    "is a compressed archive; unpack it, and give the file in it": rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!",
    SAFETENSORS: rb".{8}\{",
    "is a checkpoint of PyTorch or another zip file": rb"PK\x03\x04",
    "is an empty zip file": rb"PK\x05\x06",
    "is a pickle, such as a checkpoint of PyTorch": rb"\x80[\x02-\x05]",
    "is a tar archive; unpack it, or, if PyTorch before 0.2 saved it, save it again with a newer one": rb".{257}ustar",
    "is text": rb"[\s\x21-\x7e]{16}",
}
BEGIN = 512  # bytes needed to recognise a file


def recognised(begin: bytes) -> str:
    """Return the format of a file with these first bytes, as the end of a sentence on it; empty if it is unknown."""
    if not begin:
        return "is empty, as a download leaves that did not begin; download it again"
    found = (what for what, how in _BEGINNINGS.items() if re.match(how, begin, re.IGNORECASE | re.DOTALL))
    return next(found, "")
