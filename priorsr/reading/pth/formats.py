"""PyTorch's file formats: a zip archive since 1.6, before that pickles and storages one after the other."""

from __future__ import annotations

import mmap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from priorsr.errors import DataError
from priorsr.reading.content import check_file
from priorsr.reading.pth.machine import run
from priorsr.reading.pth.stored import Storage, Stored
from priorsr.reading.recognising import BEGIN, recognised

MOST_BYTES = 16 * 2**30
MOST_PICKLE = 64 * 2**20
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Stored]]:
    """Open a checkpoint of `torch.save`: yield its content, with stand-ins for all but plain values, and its tensors.

    Raises DataError naming a file that is missing, truncated or damaged, or its format if it is another one. A tensor
    that cannot be read raises ValueError inside the block, which becomes a DataError, too.
    """
    size = check_file(path, "a checkpoint of PyTorch", MOST_BYTES)
    try:
        with open(path, "rb") as file:
            begin = file.read(BEGIN)
            file.seek(0)
            if begin.startswith(_ZIP):
                yield from _zip(file, size)
            elif begin.startswith(_PICKLE):
                yield from _legacy(file, size)
            else:
                raise ValueError(
                    f"{recognised(begin) or 'is nothing known'}; a checkpoint of PyTorch (.pth) was expected"
                )
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}") from error


def _zip(file: BinaryIO, size: int) -> Iterator[tuple[Any, Stored]]:
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # on a broken directory zipfile may raise anything
        raise ValueError(f"is cut off or damaged, a zip file without its end ({error}); download it again") from error
    with archive:
        members = {member.filename.partition("/")[2]: member for member in archive.infolist()}
        if "constants.pkl" in members:
            raise ValueError("is a TorchScript program; a checkpoint with a state dict or a module was expected")
        if "data.pkl" not in members:
            raise ValueError("is a zip file without a data.pkl; unpack it, and give the checkpoint in it")

        def read(name: str, most: int) -> bytearray:
            member = members.get(name)
            if member is None:
                raise ValueError(f"lacks its member {name!r:.60}")
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > most:
                raise ValueError(
                    f"has a member {name!r:.60} that is compressed, or too large; torch.save makes no such"
                )
            try:
                with archive.open(member) as content:
                    return bytearray(content.read())
            except Exception as error:  # as above
                raise ValueError(f"is damaged ({error}); download it again") from error

        if "byteorder" in members and bytes(read("byteorder", 16)) != b"little":
            raise ValueError("was saved on a machine of the other byte order")
        found = run(BytesIO(read("data.pkl", MOST_PICKLE)), Storage.named)
        yield found, Stored(lambda key: read(f"data/{key}", size), size)


def _legacy(file: BinaryIO, size: int) -> Iterator[tuple[Any, Stored]]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        stream: Any = content
        if run(stream, Storage.named) != _MAGIC:
            raise ValueError("is a pickle that torch.save did not write; a checkpoint of PyTorch was expected")
        if (protocol := run(stream, Storage.named)) != _PROTOCOL:
            raise ValueError(f"is of the format {protocol!r:.40}, which is not known")
        system = run(stream, Storage.named)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise ValueError("was saved on a machine of the other byte order")
        storages: dict[Any, Storage] = {}

        def named(persistent: Any) -> Any:
            found = Storage.named(persistent)
            if isinstance(found, Storage):
                storages.setdefault(found.key, found)
            return found

        found = run(stream, named)
        places: dict[Any, tuple[int, int]] = {}
        keys = run(stream, Storage.named)
        if not isinstance(keys, list) or not all(isinstance(key, str | int) and key in storages for key in keys):
            raise ValueError(f"lists the storages {keys!r:.80}; those that its pickle names were expected")
        for key in keys:
            count = int.from_bytes(content.read(8), "little", signed=True)
            length = count * storages[key].dtype.itemsize
            if count < 0 or content.tell() + length > size:
                raise ValueError("is cut off in the middle of its storages; download it again")
            places[key] = content.tell(), length
            content.seek(length, 1)

        def read(key: Any) -> bytearray:
            if key not in places:
                raise ValueError(f"lacks its storage {key!r:.40}")
            start, length = places[key]
            return bytearray(content[start : start + length])

        yield found, Stored(read, size)
