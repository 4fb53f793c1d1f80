"""`priorsr data shard`: write a face set as WebDataset shards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console


def shard(
    path: Annotated[Path, typer.Argument(metavar="SET", help="A face set.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write the shards to.")],
    shard_faces: Annotated[int, typer.Option(help="Faces of a shard.")] = 10_000,
    chunk_faces: Annotated[int, typer.Option(help="Faces that training reads at once.")] = 64,
    seed: Annotated[int, typer.Option(help="Seed; the same seed shuffles the faces in the same way.")] = 0,
) -> None:
    """Write a face set as shuffled WebDataset shards, which training reads from disk or a URL.

    After an interruption, the same command continues.

    Examples:
      priorsr data shard faces shards
      priorsr data shard faces shards --shard-faces 5000 --seed 1
    """
    from priorsr.data import shard as write

    shards = write(path, out, shard_faces=shard_faces, chunk_faces=chunk_faces, seed=seed)
    for split in shards.splits:
        files, faces = shards.split(split).shards, shards.split(split).faces
        size = sum(file.bytes for file in files) / 1e6
        console.print(
            f"{shards.path}: {split}: {faces:,} faces, shards: {len(files):,}, {size:,.1f} MB", soft_wrap=True
        )
