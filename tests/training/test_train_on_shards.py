"""Training on shards: the run and its card name the face set, runs resume, and damage is reported or ends the run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from test_run import KilledError, kill_at, weights_of

from priorsr.data import FaceSet, ShardSet, shard
from priorsr.errors import DataError, OptionError, PriorsrWarning
from priorsr.models.weights import read_card
from priorsr.training import RunResult

Run = Callable[..., RunResult]


@pytest.fixture(scope="session")
def written(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shards") / "toys"
    shard(faces, path, shard_faces=5, chunk_faces=2)
    return path


def test_a_killed_run_on_shards_ends_as_an_unbroken_one_with_processes_or_without(
    run: Run, faces: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("toy-distilled", out="whole", data=written.as_uri())
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "student", 2)
        run("toy-distilled", data=written)
    with pytest.raises(DataError, match=r"was started with the face sets .*, shards \w{12}\), and is given"):
        run("toy-distilled", data=faces, resume=True)
    resumed = run("toy-distilled", data=ShardSet.open(written), workers=1, resume=True)
    assert weights_of(resumed.folder) == weights_of(whole.folder)
    (data,) = json.loads((whole.folder / "config.json").read_text())["data"]
    opened = FaceSet.open(faces)
    assert (data["hash"], data["shards"], data["path"]) == (opened.hash, ShardSet.open(written).hash, written.as_uri())
    card = read_card(whole.products["student"])["card"]
    assert card["data"] == [{key: value for key, value in data.items() if key not in ("path", "shards")}]
    assert data["count"] == len(opened.ids("train"))


def test_damage_is_reported_at_the_end_or_ends_the_run(run: Run, written: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(written, tmp_path / "damaged"))
    (damaged / "train-000001.tar").unlink()
    with pytest.warns(PriorsrWarning, match=r"^5 faces in shards could not be read: .*train-000001.tar: there is no"):
        result = run("toy-gan", data=damaged, steps=6)
    assert result.products
    with pytest.raises(DataError, match=r"train-000001\.tar: there is no such file"):
        run("toy-gan", out="stopped", data=damaged, steps=6, broken="stop")
    with pytest.raises(OptionError, match="broken is 'skip'"):
        run("toy-gan", out="wrong", data=damaged, broken="skip")


def test_shards_are_not_mixed(run: Run, faces: Path, written: Path) -> None:
    for wrong in ([faces, written], [written, written], f"{written}=2", (str(written), 2.0)):
        with pytest.raises(OptionError, match="toys: shards are read in their own order, so they cannot be mixed"):
            run("toy-gan", data=[wrong] if isinstance(wrong, tuple) else wrong)
    with pytest.raises(DataError, match="memory://none/shards.json: there is no such file"):
        run("toy-gan", data="memory://none")
