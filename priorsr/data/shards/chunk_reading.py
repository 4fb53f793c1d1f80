"""Chunks of shards: read at once, and decoded face by face."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import NamedTuple

from priorsr.data.face_set import LoadedFace
from priorsr.data.shards.broken_faces import BrokenFace
from priorsr.data.shards.shard_samples import FACTS, Sample, decode_sample, key_of, read_samples
from priorsr.data.shards.shard_set import ShardSet
from priorsr.errors import DataError, mistakes_in


class Chunk(NamedTuple):
    """A chunk in memory. first: the number of its first face in the split. flaw: why faces may be missing, if any."""

    shard: str
    first: int
    faces: int
    samples: Mapping[str, Sample]
    flaw: str | None


class ChunkReader:
    """Reads the chunks of a split, numbered from 0 through all of its shards. priors: those that faces need."""

    def __init__(self, shards: ShardSet, split: str, priors: Collection[str]) -> None:
        self.shards, self.split, self._priors = shards, split, priors
        self._list = shards.split(split).shards
        self._size = shards.index.chunk_faces
        self._firsts: list[int] = []  # chunk of each shard
        self.counts: list[int] = []
        for shard in self._list:
            self._firsts.append(len(self.counts))
            chunks, rest = divmod(shard.faces, self._size)
            self.counts += [self._size] * chunks + [rest] * bool(rest)

    def read(self, number: int) -> Chunk:
        """Return a chunk; one that is missing or cut has a flaw, and the faces that could be read."""
        which = bisect_right(self._firsts, number) - 1
        shard, inside = self._list[which], number - self._firsts[which]
        begin, end = shard.offsets[inside : inside + 2]
        where, flaw, content = self.shards.folder.where(shard.name), None, b""
        try:
            content = self.shards.folder.read(shard.name, begin, end)
        except DataError as error:
            flaw = str(error)
        if flaw is None and len(content) < end - begin:
            flaw = f"{where}: ends after {begin + len(content):,} bytes; {shard.bytes:,} were expected"
        first = shard.first + inside * self._size
        return Chunk(where, first, self.counts[number], read_samples(content), flaw)

    def face(self, chunk: Chunk, place: int) -> LoadedFace | BrokenFace:
        """Return the face at a place of a chunk, or why it cannot be read."""
        number = chunk.first + place
        sample = chunk.samples.get(key_of(number))
        if sample is None:
            reason = (
                chunk.flaw or f"{chunk.shard}: {key_of(number)}.json: is missing, or the headers before it are damaged"
            )
            return BrokenFace(self.split, number, reason)
        try:
            with mistakes_in(chunk.shard):
                face = decode_sample(sample, key_of(number), self.shards.form)
                for prior in self._priors:
                    if getattr(face, prior) is None:
                        raise DataError(f"{key_of(number)}.{FACTS}: lists no {prior}, which every face was to have")
                return face
        except DataError as error:
            return BrokenFace(self.split, number, chunk.flaw or str(error))
