"""Open a stranger's zip file safely: no member is written under its own name, or unpacked without a limit."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from priorsr.errors import DataError
from priorsr.reading.content import check_file

MANIFEST = "manifest.json"
WEIGHTS = "weights.safetensors"
_MEMBER = re.compile(
    r"manifest\.json|weights\.safetensors|records/[0-9a-f]{16}\.json|outputs/[0-9a-f]{16}/[^/\\\x00-\x1f]+\.(png|npy)"
)
_PICKLES = (".pth", ".pt", ".ckpt", ".bin", ".pkl", ".pickle", ".npz")
MOST_MEMBERS = 1_000_000
MOST_JSON = 64 * 2**20  # bytes
MOST_BYTES = 2**37  # 128 GiB: 100,000 faces of 256 pixels as float32 take 79
MOST_WEIGHTS = 2**34
_EXPECTED = "a submission that priorsr packed"


class Archive:
    """The members of a submission, by name: plain files of the kinds that a submission has.

    Raises DataError naming file and member for anything else: no zip, paths that leave the folder, links, duplicate
    names, encryption, members that share bytes, and compressed data except JSON, so that nothing unpacks to much more
    than the file's own size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        size = check_file(path, _EXPECTED, MOST_BYTES)
        try:
            self._zip = zipfile.ZipFile(path)
        except Exception as error:  # zipfile raises anything on a broken file
            raise DataError(f"{path}: cannot be read as a zip file ({error}); {_EXPECTED} was expected") from error
        try:
            self._members = self._checked(self._zip.infolist(), size)
        except DataError:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Return the members' names."""
        return list(self._members)

    def read(self, name: str, most: int) -> bytes:
        """Return a member's bytes; raises DataError for more than `most`, before unpacking, and for broken data."""
        size = self._size(name)
        if size > most:
            raise DataError(f"{self.path}: the member {name!r} unpacks to {size} bytes; at most {most} were expected")
        with self._open(name) as file:
            content = file.read(size)
            if len(content) != size or file.read(1):
                raise zipfile.BadZipFile("its length is not the declared one")
        return content

    def copy(self, name: str, target: Path) -> None:
        """Copy a member to the path `target`."""
        with self._open(name) as file, open(target, "wb") as out:
            shutil.copyfileobj(file, out)

    def sha256(self, name: str) -> str:
        """Return the SHA-256 of a member's bytes, in hex; it is never in memory as a whole."""
        with self._open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it has readinto

    def _checked(self, members: Sequence[zipfile.ZipInfo], size: int) -> dict[str, zipfile.ZipInfo]:
        if len(members) > MOST_MEMBERS:
            raise DataError(f"{self.path}: has {len(members)} members; at most {MOST_MEMBERS} were expected")
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            problem = "is there twice" if member.orig_filename in found else _problem(member)
            if problem:
                raise DataError(f"{self.path}: the member {member.orig_filename!r:.120} {problem}")
            found[member.filename] = member
        if (total := sum(member.compress_size for member in members)) > size:
            raise DataError(
                f"{self.path}: has {size:,} bytes, and its members {total:,}; members that share no bytes were expected"
            )
        return found

    def _size(self, name: str) -> int:
        if name not in self._members:
            raise DataError(f"{self.path}: has no member {name!r}, which a submission has")
        return self._members[name].file_size

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        self._size(name)
        try:
            with self._zip.open(self._members[name]) as file:
                yield file
        except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise DataError(f"{self.path}: the member {name!r} is broken ({error})") from error


def _problem(member: zipfile.ZipInfo) -> str:
    """Return the fault of a member, as the end of a sentence; empty if there is none."""
    name, mode = member.orig_filename, member.external_attr >> 16
    if name != member.filename or name.startswith("/") or re.match(r"[A-Za-z]:", name) or "\\" in name:
        return "has an absolute path, or one of another system; a path inside the submission was expected"
    if ".." in name.split("/"):
        return "leaves the submission's folder by its path"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a device, or no file; plain files were expected"
    if name.endswith(_PICKLES):
        return "may hold a pickle, which can execute; weights are .safetensors, arrays .npy"
    if _MEMBER.fullmatch(name) is None:
        return "is none of a submission's: manifest.json, records/ID.json, outputs/ID/FACE.png or .npy, " + WEIGHTS
    if member.flag_bits & 1:
        return "is encrypted"
    compressed = member.compress_type != zipfile.ZIP_STORED
    if compressed and not (name.endswith(".json") and member.compress_type == zipfile.ZIP_DEFLATED):
        return "is compressed; only JSON may be, by deflate, so that nothing unpacks to more than was sent"
    if compressed and member.file_size > MOST_JSON:
        return f"unpacks to {member.file_size} bytes; at most {MOST_JSON} were expected"
    if not compressed and member.file_size != member.compress_size:
        return "is stored, and its two sizes differ"
    if name == WEIGHTS and member.file_size > MOST_WEIGHTS:
        return f"has {member.file_size} bytes; at most {MOST_WEIGHTS} were expected"
    return ""
