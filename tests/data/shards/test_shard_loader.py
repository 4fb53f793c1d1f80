from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch

from priorsr.data import BrokenFaces, FaceLoader, FaceSet, Reduction, ShardLoader, ShardSet, shard
from priorsr.data.ahead import AheadLoader
from priorsr.errors import DataError, OptionError, ShapeError, UnknownNameError
from tests.data.loaded_batches import assert_same

TURNED = {"flip": True, "quarter_turns": True, "seed": 7, "reduction": Reduction(scale=4)}


def test_batches_hold_what_a_face_loader_loads(drawn: Path, shards: ShardSet) -> None:
    loader = ShardLoader(shards, "train", batch_size=7)
    faces = FaceLoader(FaceSet.open(drawn), "train", batch_size=7)
    assert (loader.size, loader.priors, loader.count) == (faces.size, faces.priors, faces.count)
    assert loader.steps_per_epoch == faces.steps_per_epoch == 6
    for step in (0, 4, 11):
        assert_same(loader.batch(step), faces.faces(loader.batch(step).ids))
    in_order = list(loader)
    assert [len(batch.ids) for batch in in_order] == [7, 7, 7, 7, 7, 5]
    assert sorted(face for batch in in_order for face in batch.ids) == list(faces.ids)
    for batch in in_order:
        assert_same(batch, faces.faces(batch.ids))
    (val,) = ShardLoader(shards, "val", batch_size=8)
    assert sorted(val.ids) == list(FaceSet.open(drawn).ids("val"))


def test_an_epoch_has_every_face_and_epochs_differ(drawn: Path, shards: ShardSet) -> None:
    loader = ShardLoader(shards, "train", batch_size=8)
    epochs = [[face for step in range(5 * e, 5 * e + 5) for face in loader.batch(step).ids] for e in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(FaceSet.open(drawn).ids("train"))
    assert epochs[0] != epochs[1]


def test_training_continues_anywhere_with_the_same_batches(shards: ShardSet) -> None:
    whole = ShardLoader(shards, "train", batch_size=6, zoom=1.5, **TURNED)
    batches = [whole.batch(step) for step in range(17)]
    for start in (5, 9, 16):
        resumed = ShardLoader(shards, "train", batch_size=6, zoom=1.5, **TURNED)
        for step in range(start, 17):
            assert_same(resumed.batch(step), batches[step])
    assert_same(whole.batch(3), batches[3])  # going back


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_and_workers_share_an_epoch_without_overlap(drawn: Path, shards: ShardSet, workers: int) -> None:
    whole = ShardLoader(shards, "train", batch_size=8, **TURNED)
    ranks = [
        AheadLoader(ShardLoader(shards, "train", batch_size=4, shard=(rank, 2), **TURNED), workers) for rank in (0, 1)
    ]
    seen: Counter[str] = Counter()
    for step in range(5):
        one, two = (rank.batch(step) for rank in ranks)
        assert one.ids + two.ids == whole.batch(step).ids
        assert torch.equal(torch.cat([one.hr, two.hr]), whole.batch(step).hr)
        seen.update(one.ids + two.ids)
    assert seen == Counter(FaceSet.open(drawn).ids("train"))
    for rank in ranks:  # resumed within the second epoch
        assert_same(rank.batch(8), pickle.loads(pickle.dumps(rank._loader)).batch(8))


def test_scoring_batches_are_the_same_however_many_processes(shards: ShardSet) -> None:
    alone = [batch.ids for batch in ShardLoader(shards, "train", batch_size=9)]
    shared = [[batch.ids for batch in ShardLoader(shards, "train", batch_size=9, shard=(r, 3))] for r in range(3)]
    assert shared == [[alone[0], alone[3]], [alone[1], alone[4]], [alone[2]]]


def test_each_chunk_is_read_once_an_epoch(tmp_path: Path, drawn: Path, monkeypatch) -> None:
    loader = ShardLoader(shard(drawn, tmp_path / "out", chunk_faces=1, shard_faces=7), "train", batch_size=8)
    reads: Counter[int] = Counter()
    real = loader._reader.read
    monkeypatch.setattr(loader._reader, "read", lambda number: reads.update([number]) or real(number))
    for step in range(loader.steps_per_epoch):
        loader.batch(step)
    assert reads == Counter(range(40))


def test_memory_holds_a_chunk_a_lane(drawn: Path, shards: ShardSet) -> None:
    loader = ShardLoader(shards, "train", batch_size=2)
    for step in range(100):
        loader.batch(step)
        assert len(loader._held) <= 16
        assert all(len(chunks) == 1 for chunks in loader._held.values())


def test_priors_are_those_asked_for_and_there(shards: ShardSet) -> None:
    assert ShardLoader(shards, "val", batch_size=2, priors=()).batch(0).prior.parsing is None
    only = ShardLoader(shards, "val", batch_size=2, priors=("landmarks",)).batch(0).prior
    assert only.parsing is None
    assert only.landmarks is not None
    with pytest.raises(DataError, match="heatmaps was asked for, but not every face in val has it"):
        ShardLoader(shards, "val", batch_size=2, priors=("heatmaps",))


def test_wrong_options_are_told(shards: ShardSet) -> None:
    for wrong in ({"batch_size": 0}, {"seed": -1}, {"shard": (2, 2)}):
        with pytest.raises(OptionError, match=r"batch_size=.* seed=.* shard="):
            ShardLoader(shards, "val", **{"batch_size": 2, **wrong})
    with pytest.raises(UnknownNameError, match="there is no split 'trian'; did you mean 'train'"):
        ShardLoader(shards, "trian", batch_size=2)
    with pytest.raises(ShapeError, match="multiples of the scale 12"):
        ShardLoader(shards, "val", batch_size=2, reduction=Reduction(scale=12))
    with pytest.raises(DataError, match="is 32 x 32; 64 x 64 was expected"):
        ShardLoader(shards, "val", batch_size=2, reduction=Reduction(hr_size=64))
    with pytest.raises(OptionError, match="broken is 'skip'; 'replace' or 'stop' was expected"):
        BrokenFaces("skip")


@pytest.mark.parametrize("protocol", ["memory", "file"])
def test_shards_are_read_from_urls(written: Path, shards: ShardSet, protocol: str) -> None:
    url = f"memory://bucket/{written.name}" if protocol == "memory" else written.as_uri()
    if protocol == "memory":
        fsspec.filesystem("memory").put(str(written), f"/bucket/{written.name}", recursive=True)
    for place in (url, f"{url}/", f"{url}/shards.json"):
        opened = ShardSet.open(place)
        assert opened.hash == shards.hash
        assert opened.verify() == []
        loader = ShardLoader(opened, "train", batch_size=8)
        for step in (0, 7):
            assert_same(loader.batch(step), ShardLoader(shards, "train", batch_size=8).batch(step))
    ahead = AheadLoader(loader, 2)
    assert_same(ahead.batch(3), loader.batch(3))


def test_valid_landmarks_stay_valid(drawn: Path, tmp_path: Path, face_set: FaceSet) -> None:
    (batch,) = ShardLoader(shard(face_set, tmp_path / "out"), "test", batch_size=8)
    (expected,) = FaceLoader(face_set, "test", batch_size=8)
    assert batch.prior.valid is not None
    assert batch.prior.valid.dtype == torch.bool
    assert_same(batch, FaceLoader(face_set, "test", batch_size=8).faces(batch.ids))
    assert np.array_equal(sorted(batch.ids), sorted(expected.ids))
