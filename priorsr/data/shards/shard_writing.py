"""Write a face set as shards; an interrupted call continues when it is repeated."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from priorsr.bounds import SEEDS, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.shards.shard_index import INDEX, Shard, ShardedSplit, ShardIndex
from priorsr.data.shards.shard_samples import add_sample, key_of, sample_of
from priorsr.data.shards.shard_set import ShardSet
from priorsr.data.unfinished import read_journal
from priorsr.errors import DataError
from priorsr.execution.parallel import parallel_map
from priorsr.files import atomic_json, atomic_path, sha256_file, sha256_json
from priorsr.partial_files import sweep
from priorsr.signed_lines import add_line

JOURNAL = ".unfinished-shards.jsonl"
MOST_FACES = 10**7  # of a shard


class _Part(NamedTuple):
    """A shard to be written: its split, the number of its first face there, and its faces."""

    split: str
    name: str
    first: int
    faces: Sequence[str]


def shard(
    face_set: FaceSet | str | Path,
    out: str | Path,
    *,
    shard_faces: int = 10_000,
    chunk_faces: int = 64,
    seed: int = 0,
) -> ShardSet:
    """Write all splits of a face set into the folder `out` as WebDataset shards, and open them.

    Images and parsing maps are copied byte for byte, after their hash was compared. Training reads shards in pieces of
    a few dozen faces, and mixes those; so the faces of a split are shuffled here.

    shard_faces: of a shard; the last one of a split may have fewer. chunk_faces: of a piece that training reads at
    once. seed: of the shuffling. The same set and options write the same bytes.

    Repeating an interrupted call continues it. Finished shards of the same set and options are opened.
    Raises OptionError, and DataError for a set that has changed or whose images differ in size, and for other content
    of `out`.
    """
    check_number("shard_faces", shard_faces, 1, MOST_FACES)
    check_number("chunk_faces", chunk_faces, 1, MOST_FACES)
    check_number("seed", seed, 0, SEEDS - 1)
    faces = face_set if isinstance(face_set, FaceSet) else FaceSet.open(face_set)
    folder = Path(out)
    sizes = faces.manifest.image_sizes
    if len(sizes) > 1:
        raise DataError(f"{faces.path}: has images of {len(sizes)} sizes; all of one size were expected")
    if not faces.splits:
        raise DataError(f"{faces.path}: has no splits; one or more were expected")
    made_from = sha256_json([faces.hash, shard_faces, chunk_faces, seed])
    if (folder / INDEX).exists():
        finished = ShardSet.open(folder)
        if finished.index.made_from == made_from:
            return finished
        raise DataError(f"{folder}: holds finished shards of another set or with other options; choose another folder")
    shards = _write_shards(folder, faces, _parts(faces, shard_faces, seed), chunk_faces, made_from)
    manifest = faces.manifest
    index = ShardIndex(
        name=manifest.name,
        version=manifest.version,
        source=manifest.source,
        licence=manifest.licence,
        label_map=manifest.label_map,
        landmark_scheme=manifest.landmark_scheme,
        face_set=faces.hash,
        image_size=sizes[0],
        priors=manifest.priors,
        chunk_faces=chunk_faces,
        made_from=made_from,
        splits={split: _split(faces, split, shards[split]) for split in faces.splits},
    )
    atomic_json(folder / INDEX, index.model_dump(mode="json"))
    (folder / JOURNAL).unlink(missing_ok=True)
    return ShardSet.open(folder)


def _parts(faces: FaceSet, shard_faces: int, seed: int) -> list[_Part]:
    parts = []
    for place, split in enumerate(faces.splits):
        ids = faces.ids(split)
        order = np.random.default_rng([seed, place]).permutation(len(ids))
        for number, first in enumerate(range(0, len(ids), shard_faces)):
            members = [ids[index] for index in order[first : first + shard_faces]]
            parts.append(_Part(split, f"{split}-{number:06d}.tar", first, members))
    return parts


def _write_shards(
    folder: Path, faces: FaceSet, parts: Sequence[_Part], chunk_faces: int, made_from: str
) -> dict[str, list[Shard]]:
    """Write the shards that are not there yet, and return all by split."""

    def write(part: _Part) -> Shard:
        path, offsets = folder / part.name, [0]
        with atomic_path(path) as beside, tarfile.open(beside, "w", format=tarfile.USTAR_FORMAT) as tar:
            for number, face in enumerate(part.faces, 1):
                add_sample(tar, key_of(part.first + number - 1), sample_of(faces, face))
                vars(tar)["members"].clear()  # or tarfile would keep a record of each
                if number % chunk_faces == 0 or number == len(part.faces):
                    offsets.append(tar.offset)
        size, digest = path.stat().st_size, sha256_file(path)
        written = Shard(
            name=part.name,
            first=part.first,
            faces=len(part.faces),
            bytes=size,
            sha256=digest,
            offsets=tuple(offsets),
        )
        add_line(folder / JOURNAL, {"made_from": made_from, "shard": written.model_dump(mode="json")})
        return written

    known, others = {}, set()
    for entry in read_journal(folder / JOURNAL, "shards"):
        found = Shard.model_validate(entry["shard"])
        if entry["made_from"] != made_from:
            others.add(found.name)
        elif _whole(folder / found.name, found):
            known[found.name] = found
    sweep(folder)
    missing = [part for part in parts if part.name not in known]
    known |= {written.name: written for written in parallel_map(write, missing, f"Writing {folder.name}")}
    for name in others - known.keys():  # of an interrupted call with other options
        (folder / name).unlink(missing_ok=True)
    return {split: [known[part.name] for part in parts if part.split == split] for split in faces.splits}


def _whole(path: Path, shard: Shard) -> bool:
    try:
        return sha256_file(path) == shard.sha256
    except DataError:
        return False


def _split(faces: FaceSet, split: str, shards: Sequence[Shard]) -> ShardedSplit:
    ids = faces.ids(split)
    return ShardedSplit(
        parsing=sum(faces.has_parsing_of(face) for face in ids),
        landmarks=sum(faces.landmarks(face) is not None for face in ids),
        shards=tuple(shards),
    )
