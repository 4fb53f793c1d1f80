"""A submission: one model's records on one split, and its SR images, its weights, or both, in a zip file.

It has the layout of a results folder: `records/ID.json`, `outputs/ID/FACE.png`, or `FACE.npy` (float32, the model's
output) if a record's protocol does not round to 8 bits, `weights.safetensors`, and `manifest.json` with the SHA-256 of
every other file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from priorsr.bench.store.records import Record
from priorsr.bench.store.results import parse_record
from priorsr.bench.store.values import Hash, RecordPart
from priorsr.bench.submissions.archive import MANIFEST, MOST_JSON, WEIGHTS, Archive
from priorsr.bench.submissions.untrusted_images import most_bytes, npy_values, png_pixels
from priorsr.errors import DataError
from priorsr.reading.json_files import parse_facts

MOST_RECORDS = 64
_Facts = TypeVar("_Facts", bound=RecordPart)


class BundleManifest(RecordPart):
    """`manifest.json`: what packed the submission, and the SHA-256 of every other member."""

    format: Literal[1]
    made_by: str
    files: dict[str, Hash]


class Bundle:
    """A complete submission: its members are those of its manifest, and its records belong to one model.

    Raises DataError otherwise. Close it, or use it in a `with`.
    """

    def __init__(self, path: Path) -> None:
        self.archive = Archive(path)
        self.path = path
        try:
            self.manifest = self._parsed(BundleManifest, MANIFEST)
            self._check_members()
            self._outputs = self._by_folder()
            self.records = self._read_records()
            self._check_outputs()
            self._check_hashes()
        except DataError:
            self.close()
            raise

    @property
    def has_weights(self) -> bool:
        """Return whether it holds the model's weights."""
        return WEIGHTS in self.archive.names

    @property
    def has_images(self) -> bool:
        """Return whether it holds the SR images of its records."""
        return bool(self.faces(self.records[0]))

    def faces(self, record: Record) -> Mapping[str, str]:
        """Return the members that are SR images under a record, by face; empty if the submission has none for it."""
        return self._outputs.get(record.identity.outputs_id, {})

    def images(self, record: Record, faces: Sequence[str], size: int) -> Tensor:
        """Return the SR images (B,3,H,W) of faces under a record: as the model computed them, or from 8 bits.

        Raises DataError for an image that does not have `size` pixels a side.
        """
        members = self.faces(record)
        return torch.from_numpy(np.stack([self._image(members[face], size) for face in faces]))

    def close(self) -> None:
        """Close the file."""
        self.archive.__exit__(None, None, None)

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _image(self, member: str, size: int) -> np.ndarray:
        content, name = self.archive.read(member, most_bytes(size)), f"{self.path}: {member}"
        if member.endswith(".npy"):
            return npy_values(name, content, size)
        return png_pixels(name, content, size).transpose(2, 0, 1).astype(np.float32) / 255

    def _parsed(self, facts: type[_Facts], name: str) -> _Facts:
        return parse_facts(self.archive.read(name, MOST_JSON), f"{self.path}: {name}", facts, "the whole")

    def _record(self, name: str) -> Record:
        record = parse_record(self.archive.read(name, MOST_JSON), f"{self.path}: {name}")
        if name != f"records/{record.id}.json":
            raise DataError(f"{self.path}: {name}: holds the record {record.id!r}; a file's name is its record's id")
        return record

    def _by_folder(self) -> dict[str, dict[str, str]]:
        """Return the member of each image, by the id of outputs and by face."""
        found: dict[str, dict[str, str]] = {}
        for name in self.archive.names:
            if name.startswith("outputs/"):
                _, folder, file = name.split("/")
                faces, face = found.setdefault(folder, {}), file.rpartition(".")[0]
                if face in faces:
                    raise DataError(f"{self.path}: {faces[face]} and {name} are two images of one face")
                faces[face] = name
        return found

    def _check_members(self) -> None:
        listed, there = self.manifest.files, set(self.archive.names) - {MANIFEST}
        for name in sorted(listed.keys() ^ there):
            problem = "is listed and not there" if name in listed else "is there and not listed"
            raise DataError(f"{self.path}: {MANIFEST}: {name!r:.120} {problem}")

    def _check_hashes(self) -> None:
        for name, digest in self.manifest.files.items():
            found = self.archive.sha256(name)
            if found != digest:
                raise DataError(
                    f"{self.path}: {name}: has the SHA-256 {found[:12]}, and {MANIFEST} lists {digest[:12]}"
                )

    def _read_records(self) -> list[Record]:
        names = sorted(name for name in self.archive.names if name.startswith("records/"))
        if not 1 <= len(names) <= MOST_RECORDS:
            raise DataError(f"{self.path}: holds {len(names) or 'no'} records; 1 to {MOST_RECORDS} were expected")
        records = [self._record(name) for name in names]
        if odd := odd_one(records):
            raise DataError(
                f"{self.path}: the records {records[0].id} and {odd.id} are not of one model, data, split and prior"
            )
        return records

    def _check_outputs(self) -> None:
        known = {record.identity.outputs_id for record in self.records}
        for folder in sorted(self._outputs.keys() - known):
            raise DataError(f"{self.path}: outputs/{folder}: is of none of the records")
        if not self._outputs and not self.has_weights:
            raise DataError(f"{self.path}: has neither SR images nor weights, so nothing can be verified")
        for record in self.records:
            members = self.faces(record)
            if bool(members) != bool(self._outputs):
                raise DataError(f"{self.path}: has no SR images for the record {record.id}, and some for another")
            if members and members.keys() != record.images.keys():
                odd = sorted(members.keys() ^ record.images.keys())[0]
                raise DataError(
                    f"{self.path}: has {len(members)} SR images for the record {record.id}, which has "
                    f"{len(record.images)} faces; one of them, {odd!r}, is in one of the two only"
                )
            rounded = [name for name in members.values() if name.endswith(".png")]
            if rounded and not quantised(record.protocol.scoring):
                raise DataError(
                    f"{self.path}: {rounded[0]}: is rounded to 8 bits, and {record.protocol.id} scores the model's "
                    "exact output; a float32 array (.npy) was expected"
                )


def odd_one(records: Sequence[Record]) -> Record | None:
    """Return the first record whose model, data, split or prior differs from the first one's; None if all agree."""
    of = records[0].identity
    return next((record for record in records if record.identity._replace(protocol=of.protocol) != of), None)


def quantised(scoring: Mapping[str, object]) -> bool:
    """Return whether a protocol's scoring half rounds SR to 8 bits, so that PNG files suffice for it."""
    return scoring["quantise"] is True
