"""Drawn faces in shards, to read and to damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from priorsr.data import ShardSet, shard, synthesise


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 45 drawn faces of 32 px with both priors: 40 train, 5 val."""
    path = tmp_path_factory.mktemp("sets") / "drawn"
    synthesise(path, count=45, seed=3, size=32, val=5, test=0)
    return path


@pytest.fixture(scope="session")
def written(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """These faces in shards of 12 faces and chunks of 5. Copy them before you change them."""
    path = tmp_path_factory.mktemp("shards") / "drawn"
    shard(drawn, path, shard_faces=12, chunk_faces=5)
    return path


@pytest.fixture
def shards(written: Path) -> ShardSet:
    return ShardSet.open(written)


@pytest.fixture
def damaged(written: Path, tmp_path: Path) -> Path:
    """A copy of the shards, to damage."""
    return Path(shutil.copytree(written, tmp_path / "damaged"))
