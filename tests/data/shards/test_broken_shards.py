"""Damage: the shard, the member and the reason are named; loading goes on and counts, or stops if asked."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from priorsr.data import BrokenFaces, FaceSet, ShardLoader, ShardSet
from priorsr.data.ahead import AheadLoader
from priorsr.data.shards.shard_index import INDEX
from priorsr.errors import DataError, PriorsrWarning

SHARD = "train-000001.tar"  # faces 12 to 23, in chunks that begin with 12, 17, 22


def member(folder: Path, name: str) -> tuple[int, int]:
    """Return the begin of a member's header, and of its content."""
    with tarfile.open(folder / SHARD) as tar:
        found = tar.getmember(name)
    return found.offset, found.offset_data


def overwrite(folder: Path, begin: int, content: bytes) -> None:
    with open(folder / SHARD, "r+b") as file:
        file.seek(begin)
        file.write(content)


def cut(folder: Path) -> None:
    with open(folder / SHARD, "r+b") as file:
        file.truncate(member(folder, "000000019.png")[1] + 10)


def alter_pixels(folder: Path) -> None:
    overwrite(folder, member(folder, "000000014.png")[1] + 200, b"????")


def alter_hash(folder: Path) -> None:
    _, begin = member(folder, "000000014.json")
    content = (folder / SHARD).read_bytes()[begin : begin + 400]
    digit = begin + content.index(b'"png": "') + len(b'"png": "')
    overwrite(folder, digit, b"0" if content[digit - begin : digit - begin + 1] != b"0" else b"1")


def break_header(folder: Path) -> None:
    overwrite(folder, member(folder, "000000014.parsing.png")[0], b"x" * 512)


def break_first_header(folder: Path) -> None:
    overwrite(folder, 0, b"x" * 512)


def break_json(folder: Path) -> None:
    overwrite(folder, member(folder, "000000014.json")[1], b"[")


def remove(folder: Path) -> None:
    (folder / SHARD).unlink()


DAMAGE = [
    (cut, 5, rf"{SHARD}: ends after \d[\d,]+ bytes; [\d,]+ were expected"),
    (alter_pixels, 1, rf"{SHARD}: 000000014.png: has changed since the shard was written"),
    (alter_hash, 1, rf"{SHARD}: 000000014.png: has changed since the shard was written"),
    (break_header, 1, rf"{SHARD}: 000000014.parsing.png: is missing"),
    (break_first_header, 1, rf"{SHARD}: 000000012.png: is missing"),
    (break_json, 1, rf"{SHARD}: 000000014.json: cannot be read as JSON"),
    (remove, 12, rf"{SHARD}: there is no such file"),
]


@pytest.mark.parametrize(("damage", "count", "reason"), DAMAGE, ids=lambda part: getattr(part, "__name__", ""))
def test_damage_is_counted_and_named_and_loading_goes_on(
    damaged: Path, written: Path, damage: Callable[[Path], None], count: int, reason: str
) -> None:
    damage(damaged)
    whole, loader = (ShardLoader(ShardSet.open(path), "train", batch_size=8) for path in (written, damaged))
    with pytest.warns(PriorsrWarning, match=f"{reason}.*reported at the end"):
        batches = [loader.batch(step) for step in range(5)]
    assert len(loader.broken) == count
    report = loader.broken.report()
    assert report is not None
    faces = "1 face" if count == 1 else f"{count} faces"
    assert report.startswith(f"{faces} in shards could not be read: ")
    assert re.search(reason, report)
    same = 0
    for step, batch in enumerate(batches):
        expected = whole.batch(step)
        assert len(batch.ids) == 8
        for index, (found, wanted) in enumerate(zip(batch.ids, expected.ids, strict=True)):
            if found == wanted:
                same += 1
                assert torch.equal(batch.hr[index], expected.hr[index])
    assert same == 40 - count
    assert [loader.batch(step).ids for step in range(5)] == [batch.ids for batch in batches]
    with pytest.warns(PriorsrWarning, match=reason):
        left = [face for batch in ShardLoader(ShardSet.open(damaged), "train", batch_size=8) for face in batch.ids]
    assert len(set(left)) == len(left) == 40 - count


@pytest.mark.parametrize(("damage", "count", "reason"), DAMAGE, ids=lambda part: getattr(part, "__name__", ""))
def test_damage_ends_the_epoch_if_asked(damaged: Path, damage: Callable[[Path], None], count: int, reason: str) -> None:
    damage(damaged)
    loader = ShardLoader(ShardSet.open(damaged), "train", batch_size=8, broken=BrokenFaces("stop"))
    with pytest.raises(DataError, match=reason):
        for step in range(5):
            loader.batch(step)
    with pytest.raises(DataError, match=reason):
        list(loader)


def test_workers_hand_over_what_they_found(damaged: Path) -> None:
    remove(damaged)
    loader = ShardLoader(ShardSet.open(damaged), "train", batch_size=8)
    ahead = AheadLoader(loader, 2)
    with pytest.warns(PriorsrWarning, match="there is no such file"):
        ids = [ahead.batch(step).ids for step in range(5)]
    assert ids == [ShardLoader(ShardSet.open(damaged), "train", batch_size=8).batch(step).ids for step in range(5)]
    assert len(loader.broken) == 12
    stopping = ShardLoader(ShardSet.open(damaged), "train", batch_size=8, broken=BrokenFaces("stop"))
    with pytest.raises(DataError, match=rf"{SHARD}: there is no such file \(face \d+ of train\)"):
        list(map(AheadLoader(stopping, 2).batch, range(5)))


def test_loading_ends_where_no_face_can_be_read(damaged: Path) -> None:
    for path in damaged.glob("*.tar"):
        path.unlink()
    with (
        pytest.warns(PriorsrWarning),
        pytest.raises(DataError, match=r"no face can be read any more: 40 faces .*train-000000.tar: there is no such"),
    ):
        ShardLoader(ShardSet.open(damaged), "train", batch_size=8).batch(0)


def test_verify_names_every_shard_that_differs(damaged: Path) -> None:
    alter_pixels(damaged)
    (damaged / "train-000000.tar").unlink()
    with open(damaged / "val-000000.tar", "ab") as file:
        file.write(b"more")
    found = ShardSet.open(damaged).verify()
    assert len(found) == 3
    assert found[0].endswith("train-000000.tar: there is no such file")
    assert f"{SHARD}: has changed since it was written" in found[1]
    assert "val-000000.tar: has " in found[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index.pop("face_set"), "face_set"),
        (lambda index: index.update(format="priorsr-shards-9"), "priorsr-shards-9"),
        (lambda index: index.update(label_map="other"), "other"),
        (lambda index: index["splits"]["train"]["shards"][1].update(name="../x.tar"), "without a slash"),
        (lambda index: index["splits"]["train"]["shards"][1].update(first=3), "begins with face 3; 12 was expected"),
        (lambda index: index["splits"]["train"]["shards"][1].update(faces=3), "has 3 chunks for 3 faces"),
        (lambda index: index["splits"]["train"]["shards"][1].update(offsets=[0, 9, 5, 11]), "offsets that rise"),
        (lambda index: index["splits"]["train"]["shards"][1].update(bytes=5), "offsets inside the file"),
        (lambda index: index["splits"]["train"].update(parsing=41), "priors of more"),
    ],
)
def test_a_wrong_index_is_refused(damaged: Path, change: Callable[[dict], object], message: str) -> None:
    index = json.loads((damaged / INDEX).read_text())
    change(index)
    (damaged / INDEX).write_text(json.dumps(index))
    with pytest.raises(DataError, match=rf"{INDEX}: .*{message}"):
        ShardSet.open(damaged)


def test_places_without_shards_are_told(tmp_path: Path, drawn: Path) -> None:
    with pytest.raises(DataError, match="drawn/shards.json: there is no such file"):
        ShardSet.open(drawn)
    with pytest.raises(DataError, match=r"memory://nowhere/shards\.json: there is no such file"):
        ShardSet.open("memory://nowhere")
    with pytest.raises(DataError, match=r"nonsense://u/x: cannot be opened \(ValueError: Protocol not known"):
        ShardSet.open("nonsense://user:secret@u/x?token=secret")
    (tmp_path / INDEX).write_text("[")
    with pytest.raises(DataError, match=f"{INDEX}: cannot be read as JSON"):
        ShardSet.open(tmp_path)


def test_shards_of_another_set_are_told(damaged: Path, tiny_faces: Path, tmp_path: Path) -> None:
    from priorsr.data import shard

    other = shard(FaceSet.open(tiny_faces), tmp_path / "other", shard_faces=12, chunk_faces=5)
    shutil.copy(tmp_path / "other" / other.split("train").shards[0].name, damaged / "train-000000.tar")
    loader = ShardLoader(ShardSet.open(damaged), "train", batch_size=8)
    with pytest.warns(PriorsrWarning, match=r"train-000000\.tar: "):
        batches = [loader.batch(step) for step in range(5)]
    assert all(batch.hr.shape == (8, 3, 32, 32) for batch in batches)
    assert len(loader.broken) == 12
