"""Face sets in shards, opened by their index."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from priorsr.data.shards.shard_folder import ShardFolder, is_url
from priorsr.data.shards.shard_index import INDEX, ShardedSplit, ShardIndex
from priorsr.data.shards.shard_samples import Format
from priorsr.errors import DataError, PriorsrError, UnknownNameError, did_you_mean
from priorsr.files import sha256_json
from priorsr.priors import label_map, landmark_scheme
from priorsr.reading.json_files import MOST_BYTES, parse_facts


class ShardSet:
    """A face set in tar files, as `priorsr.data.shard` writes it. Open one with `ShardSet.open`.

    path: its place, as messages name it. index: its description.
    """

    def __init__(self, folder: ShardFolder, index: ShardIndex) -> None:
        self.folder, self.index = folder, index
        self.path = folder.name

    @classmethod
    def open(cls, place: str | Path) -> ShardSet:
        """Open the shards in a folder, local or a URL that fsspec knows, or of an index (.json).

        Raises DataError if the index is missing or broken, or the place cannot be reached.
        """
        parent, name = _parted(place)
        folder = ShardFolder(parent)
        content = folder.read(name, 0, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise DataError(f"{folder.where(name)}: has more than {MOST_BYTES:,} bytes; an index was expected")
        index = parse_facts(content, folder.where(name), ShardIndex, "the index")
        try:
            label_map(index.label_map)
            landmark_scheme(index.landmark_scheme)
        except PriorsrError as error:
            raise DataError(f"{folder.where(name)}: {error}") from error
        return cls(folder, index)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {split.faces}" for name, split in self.index.splits.items())
        return f"ShardSet({self.index.name!r}, {sizes})"

    def __str__(self) -> str:
        return self.path

    @property
    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits, sorted."""
        return tuple(sorted(self.index.splits))

    def split(self, name: str) -> ShardedSplit:
        """Return the shards of a split; raises UnknownNameError with the splits that there are."""
        if name not in self.index.splits:
            raise UnknownNameError(f"{self.path}: there is no split {name!r}; {did_you_mean(name, self.splits)}")
        return self.index.splits[name]

    @cached_property
    def hash(self) -> str:
        """Return the SHA-256 of the index, which holds the hash of every shard. The face set's is `index.face_set`."""
        return sha256_json(self.index.model_dump(mode="json"))

    @cached_property
    def form(self) -> Format:
        """Return the facts that all faces share."""
        size = self.index.image_size
        return Format(size, label_map(self.index.label_map), landmark_scheme(self.index.landmark_scheme))

    def verify(self) -> list[str]:
        """Compare all shards with the index: a sentence for each that is missing, cut or changed."""
        found = []
        for split in self.index.splits.values():
            for shard in split.shards:
                where = self.folder.where(shard.name)
                try:
                    size, digest = self._measured(shard.name)
                except DataError as error:
                    found.append(str(error))
                    continue
                if size != shard.bytes:
                    found.append(f"{where}: has {size:,} bytes; {shard.bytes:,} were expected")
                elif digest != shard.sha256:
                    found.append(f"{where}: has changed since it was written: its hash is not the one in {INDEX}")
        return found

    def _measured(self, name: str) -> tuple[int, str]:
        """Return the size and the hash of a file, read piece by piece."""
        digest, size = hashlib.sha256(), 0
        with self.folder.opened(name) as file:
            while piece := file.read(2**20):
                digest.update(piece)
                size += len(piece)
        return size, digest.hexdigest()


def holds_shards(place: object) -> bool:
    """Return whether a place is an index of shards, a local folder with one, or any URL."""
    if is_url(place):
        return True
    if not isinstance(place, str | Path):
        return False
    path = Path(place)
    return (path.suffix == ".json" and path.is_file()) or (path / INDEX).is_file()


def choose_priors(shards: ShardSet, split: str, asked: Collection[str] | None) -> tuple[str, ...]:
    """Return the priors that are asked for, or, with None, those that every face of the split has."""
    there = shards.split(split)
    has = {"parsing": there.parsing == there.faces, "landmarks": there.landmarks == there.faces}
    for prior in asked or ():
        if not has.get(prior):
            raise DataError(f"{shards.path}: {prior} was asked for, but not every face in {split} has it")
    return tuple(prior for prior in has if (has[prior] if asked is None else prior in asked))


def _parted(place: str | Path) -> tuple[str | Path, str]:
    """Return the folder and the name of the index of a place."""
    if is_url(place):
        folder, _, name = str(place).rstrip("/").rpartition("/")
        return (folder, name) if name.endswith(".json") else (str(place), INDEX)
    path = Path(place)
    return (path.parent, path.name) if path.suffix == ".json" and not path.is_dir() else (path, INDEX)
