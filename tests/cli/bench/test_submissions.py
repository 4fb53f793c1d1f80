"""A submission is packed, verified and added by the command line; what is wrong with one is said, with exit code 2."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from priorsr.bench import read_results
from priorsr.data.importers.synthetic import synthesise


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three synthetic faces in the split `val` of `faces`."""
    root = tmp_path_factory.mktemp("place")
    synthesise(root / "faces", count=4, seed=0, val=3, test=0)
    return root


@pytest.fixture
def packed(cli, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """bicubic's submission, made by the commands."""
    monkeypatch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
    monkeypatch.chdir(place)
    given = "--model bicubic --data faces --split val --protocol dic@1 kdfsrnet@1 --out results"
    code, _, err = cli("bench", "run", *given.split())
    assert code == 0, err
    code, out, err = cli("bench", "pack", "results", "--model", "bicubic", "--out", "mine.zip")
    assert (code, out.strip()) == (0, "2 records packed into mine.zip"), err
    return place / "mine.zip"


def test_a_submission_is_verified_added_and_shown(cli, packed: Path) -> None:
    code, out, err = cli("bench", "verify", "mine.zip", "--data", "faces", "--rerun", 2, "--into", "board")
    assert code == 0, err
    assert out.splitlines() == [
        "mine.zip: true, tier 2: faces rerun from the weights",
        "mine.zip: added to board",
    ]
    assert len(read_results("board")) == 2
    code, out, _ = cli("bench", "verify", "mine.zip", "--data", "faces", "--json")
    found = json.loads(out)
    assert (code, found["tier"], found["recomputed"], found["differences"]) == (0, 1, 3, [])
    assert found["records"] == sorted(record.id for record in read_results("board"))


def test_a_forged_submission_is_exit_code_2_with_what_differs(cli, packed: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(forged, "w") as target:
        members = {name: source.read(name) for name in source.namelist()}
        name = next(name for name in members if name.startswith("records/"))
        record = json.loads(members[name])
        record["scores"]["psnr"]["higher_is_better"] = False
        members[name] = json.dumps(record).encode()
        manifest = json.loads(members["manifest.json"])
        manifest["files"][name] = sha256(members[name]).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()
        for member, content in members.items():
            target.writestr(member, content)
    code, out, err = cli("bench", "verify", forged, "--data", "faces", "--into", tmp_path / "board")
    assert (code, err) == (2, "")
    first, last = out.strip().splitlines()
    assert first.startswith(f"{forged}: {record['id']}: scores.psnr.higher_is_better: the record has False, and ")
    assert last == f"{forged}: 1 difference"
    assert not (tmp_path / "board").exists()
    code, out, _ = cli("bench", "verify", forged, "--data", "faces", "--json")
    assert code == 2
    assert json.loads(out)["differences"][0]["said"] is False


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("verify gone.zip --data faces", "gone.zip: there is no such file"),
        ("verify faces/manifest.json --data faces", "cannot be read as a zip file"),
        ("verify mine.zip --data gone", "gone: there is no such folder"),
        ("verify /dev/zero --data faces", "/dev/zero: is a pipe or a device; a submission that priorsr packed"),
        ("verify faces --data faces", "faces: is a folder; a submission that priorsr packed"),
        ("verify mine.zip --data faces --rerun 9", "mine.zip: 9 faces are to be run again; 1 to 3"),
        ("verify mine.zip --data faces --rerun -1", "-1 faces are to be run again"),
        ("verify mine.zip --data faces --protocol gone@1.toml", "gone@1.toml: there is no such file"),
        ("pack results --model bicubik --out a.zip", "no record of 'bicubik'; did you mean 'bicubic'?"),
        (
            "pack results --model bicubic --protocol priorsr@1 --out a.zip",
            "no record of 'bicubic' under priorsr@1 on any split; there are: dic@1 on val",
        ),
        ("pack results --model bicubic --split vol --out a.zip", "under any protocol on vol; there are: dic@1 on val"),
        ("pack results --model bicubic --no-outputs --out a.zip", "neither SR images nor weights"),
        ("pack gone --model bicubic --out a.zip", "gone: holds no record"),
        (
            "pack results --model bicubic --weights gone.safetensors --out a.zip",
            "gone.safetensors: there is no such file",
        ),
    ],
)
def test_mistakes(mistake, packed: Path, command: str, sentence: str) -> None:
    assert sentence in mistake("bench", *command.split())
    assert not Path("a.zip").exists()
