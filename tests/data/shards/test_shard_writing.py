from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import webdataset

from priorsr.data import About, Face, FaceSet, Pixels, ShardSet, shard, write_face_set
from priorsr.data.shards import shard_writing
from priorsr.data.shards.shard_index import INDEX
from priorsr.errors import DataError, OptionError
from priorsr.files import sha256_file
from tests.data.loaded_batches import HAND


def test_the_index_names_shards_with_their_faces_hashes_and_chunks(drawn: Path, written: Path) -> None:
    faces, index = FaceSet.open(drawn), json.loads((written / INDEX).read_text())
    assert sorted(path.name for path in written.iterdir()) == [
        INDEX,
        *(f"train-00000{number}.tar" for number in range(4)),
        "val-000000.tar",
    ]
    assert (index["face_set"], index["name"], index["image_size"]) == (faces.hash, faces.manifest.name, [32, 32])
    assert index["priors"] == faces.manifest.model_dump(mode="json")["priors"]
    train = index["splits"]["train"]
    assert [(part["first"], part["faces"]) for part in train["shards"]] == [(0, 12), (12, 12), (24, 12), (36, 4)]
    assert (train["parsing"], train["landmarks"]) == (40, 40)
    for part in (*train["shards"], *index["splits"]["val"]["shards"]):
        path = written / part["name"]
        assert (part["bytes"], part["sha256"]) == (path.stat().st_size, sha256_file(path))
        with tarfile.open(path) as tar:
            first_of_chunks = [member.offset for member in tar if member.name.endswith(".png")][::10]
            end = max(member.offset_data + -(-member.size // 512) * 512 for member in tar)
        assert part["offsets"] == [*first_of_chunks, end]


def test_webdataset_reads_what_the_set_holds(drawn: Path, written: Path) -> None:
    faces = FaceSet.open(drawn)
    urls = [str(path) for path in sorted(written.glob("train-*.tar"))]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == [f"{number:09d}" for number in range(40)]
    assert sorted(sample["json"]["id"] for sample in samples) == list(faces.ids("train"))
    assert [sample["json"]["id"] for sample in samples] != list(faces.ids("train"))
    raw = list(webdataset.WebDataset(urls, shardshuffle=False))
    for sample, files in zip(samples, raw, strict=True):
        face = faces[sample["json"]["id"]]
        assert files["png"] == faces.content(f"images/{face.id}.png")
        assert files["parsing.png"] == faces.content(f"parsing/{face.id}.png")
        assert face.landmarks is not None
        assert np.array_equal(sample["landmarks.npy"], np.column_stack(face.landmarks).astype(np.float32))
        assert sample["json"]["sha256"]["png"] == faces.manifest.files[f"images/{face.id}.png"]


def test_the_same_options_write_the_same_bytes_and_another_seed_another_order(drawn: Path, tmp_path: Path) -> None:
    one, two, other = (
        shard(drawn, tmp_path / name, shard_faces=16, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert one.hash == two.hash
    assert one.hash != other.hash
    assert (tmp_path / "a" / "train-000000.tar").read_bytes() == (tmp_path / "b" / "train-000000.tar").read_bytes()


def test_a_finished_call_is_not_repeated_and_other_options_are_refused(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = shard(drawn, out)
    inode = (out / "train-000000.tar").stat().st_ino
    assert shard(FaceSet.open(drawn), out).hash == first.hash
    assert (out / "train-000000.tar").stat().st_ino == inode
    with pytest.raises(DataError, match="holds finished shards of another set or with other options"):
        shard(drawn, out, seed=1)


def test_an_interrupted_call_continues(drawn: Path, written: Path, tmp_path: Path, monkeypatch) -> None:
    out, real, count = tmp_path / "out", shard_writing.sample_of, iter(range(1000))

    def failing(faces: FaceSet, face: str) -> dict[str, bytes]:
        if next(count) == 30:
            raise KeyboardInterrupt
        return real(faces, face)

    monkeypatch.setattr(shard_writing, "sample_of", failing)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        shard(drawn, out, shard_faces=12, chunk_faces=5)
    kept = {path.name: path.stat().st_ino for path in out.glob("*.tar")}
    assert 1 <= len(kept) < 5
    assert not (out / INDEX).exists()
    torn = sorted(kept)[0]
    (out / torn).write_bytes((out / torn).read_bytes()[:-100])
    monkeypatch.setattr(shard_writing, "sample_of", real)
    assert shard(drawn, out, shard_faces=12, chunk_faces=5).hash == ShardSet.open(written).hash
    assert all((out / name).stat().st_ino == inode for name, inode in kept.items() if name != torn)
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in written.iterdir())
    assert ShardSet.open(out).verify() == []


def test_shards_of_an_interrupted_call_with_other_options_are_removed(drawn: Path, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise DataError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(shard_writing, "atomic_json", full)
        with pytest.raises(DataError, match="the disk is full"):
            shard(drawn, tmp_path / "out", shard_faces=10)
    shard(drawn, tmp_path / "out", shard_faces=20)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tar")) == [
        "train-000000.tar",
        "train-000001.tar",
        "val-000000.tar",
    ]


def test_strange_content_and_wrong_options_are_refused(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="mine: is not empty and holds no unfinished shards"):
        shard(drawn, tmp_path / "mine")
    for wrong in ({"shard_faces": 0}, {"chunk_faces": 0}, {"seed": -1}):
        with pytest.raises(OptionError, match=f"{next(iter(wrong))} is"):
            shard(drawn, tmp_path / "out", **wrong)
    with pytest.raises(DataError, match="nowhere: there is no such folder"):
        shard(tmp_path / "nowhere", tmp_path / "out")


def test_a_set_that_has_changed_is_refused(copied: Path, tmp_path: Path) -> None:
    face = FaceSet.open(copied).ids("val")[0]
    (copied / f"images/{face}.png").write_bytes(b"other")
    with pytest.raises(DataError, match=rf"{face}\.png: has changed since the set was made"):
        shard(copied, tmp_path / "out")
    assert not (tmp_path / "out" / INDEX).exists()


def test_any_id_and_partial_priors_are_kept(tmp_path: Path) -> None:
    def face(name: str, mapped: bool) -> Face:
        pixels = np.full((16, 16, 3), len(name) % 19, dtype=np.uint8)
        return Face(name, "train", name, lambda: Pixels(pixels, pixels[..., 0] if mapped else None))

    names = ["a.b.c", "grün", "x" * 190]
    faces = [face(name, mapped=name != "grün") for name in names]
    write_face_set(tmp_path / "set", faces, About("s", "test", "none"), parsing=HAND)
    split = shard(tmp_path / "set", tmp_path / "out").split("train")
    assert (split.parsing, split.landmarks, split.faces) == (2, 0, 3)
