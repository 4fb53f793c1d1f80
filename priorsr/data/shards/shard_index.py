"""The index of shards: the face set that they hold, and of each shard the faces, bytes, hash and chunks."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from priorsr.data.manifest import Provenance, Sha256, Size
from priorsr.data.names import LONGEST, flaw_of_name

INDEX = "shards.json"
MOST_CHUNK = 2**31  # bytes, which are in memory at once


def _name_of_file(name: str) -> str:
    if flaw := flaw_of_name(name, LONGEST + len("-000000000.tar")):
        raise ValueError(flaw)
    return name


class _Fixed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shard(_Fixed):
    """A tar file. first: the number of its first face in the split. offsets: begin of each chunk, and end of the last.

    bytes, sha256: of the whole file.
    """

    name: Annotated[str, AfterValidator(_name_of_file)]
    first: NonNegativeInt
    faces: PositiveInt
    bytes: PositiveInt
    sha256: Sha256
    offsets: Annotated[tuple[NonNegativeInt, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _chunks_follow_each_other(self) -> Self:
        if any(not 0 < end - begin <= MOST_CHUNK for begin, end in pairwise(self.offsets)):
            raise ValueError(f"offsets that rise by 1 to {MOST_CHUNK:,} bytes were expected")
        if self.offsets[-1] > self.bytes:
            raise ValueError("offsets inside the file were expected")
        return self


class ShardedSplit(_Fixed):
    """A split's shards. parsing, landmarks: how many of its faces have them."""

    parsing: NonNegativeInt
    landmarks: NonNegativeInt
    shards: Annotated[tuple[Shard, ...], Field(min_length=1)]

    @property
    def faces(self) -> int:
        """Return the number of faces."""
        return self.shards[-1].first + self.shards[-1].faces


class ShardIndex(_Fixed):
    """The description of a face set in shards.

    face_set: the hash of the set. image_size: (height, width) of all images. chunk_faces: how many faces are read at
    once; the last chunk of a shard may have fewer. made_from: a hash of the set and the options, by which `shard`
    recognises finished work. The other fields are those of the set's manifest.
    """

    format: Literal["priorsr-shards-1"] = "priorsr-shards-1"
    name: str
    version: str
    source: str
    licence: str
    label_map: str
    landmark_scheme: str
    face_set: Sha256
    image_size: Size
    priors: dict[Literal["parsing", "landmarks"], Provenance]
    chunk_faces: PositiveInt
    made_from: Sha256
    splits: Annotated[dict[str, ShardedSplit], Field(min_length=1)]

    @model_validator(mode="after")
    def _counts_agree(self) -> Self:
        for name, split in self.splits.items():
            number = 0
            for shard in split.shards:
                if shard.first != number:
                    raise ValueError(f"{shard.name} of {name} begins with face {shard.first}; {number} was expected")
                if len(shard.offsets) - 1 != -(-shard.faces // self.chunk_faces):
                    raise ValueError(f"{shard.name} has {len(shard.offsets) - 1} chunks for {shard.faces} faces")
                number += shard.faces
            if max(split.parsing, split.landmarks) > number:
                raise ValueError(f"{name} has {number} faces, and priors of more")
        return self
