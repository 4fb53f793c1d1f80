"""`priorsr bench score` and `priorsr bench protocols`, as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from priorsr.bench import read_results
from priorsr.cli.console import console
from priorsr.metrics import load_protocol, protocol_names


@pytest.fixture
def place(tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A face set of 64 px, and the HR images of its split `val` as somebody's SR images, in a folder."""
    monkeypatch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_faces, "faces")
    for name in ("sr", "hr"):
        Path(name).mkdir()
        for face in Path("faces/splits/val.txt").read_text().split():
            shutil.copy(f"faces/images/{face}.png", f"{name}/{face}.png")
    return tmp_path


def test_folders_give_a_table_at_once(cli, place) -> None:
    code, out, err = cli("bench", "score", "sr", "hr", "--protocol", "dic@1", "priorsr@1")
    assert code == 0, err
    assert "dic@1, on images of 64 x 64" in out
    assert "MS-SSIM" in out
    code, out, _ = cli("bench", "score", "sr", "hr", "--protocol", "dic@1", "--json")
    (found,) = json.loads(out)
    assert (code, found["scores"]["psnr"]["value"], found["scores"]["ssim"]["value"]) == (0, "inf", 1.0)


def test_a_face_set_gives_a_row_that_is_packed_and_verified(cli, place) -> None:
    given = "sr faces --split val --protocol dic@1 --name theirs --out results"
    code, out, err = cli("bench", "score", *given.split())
    assert code == 0, err
    assert "made elsewhere" in out
    assert {record.model.label for record in read_results("results")} == {"bicubic", "theirs"}
    assert cli("bench", "pack", "results", "--model", "theirs", "--out", "theirs.zip")[0] == 0
    code, out, err = cli("bench", "verify", "theirs.zip", "--data", "faces")
    assert (code, "true, tier 1" in out) == (0, True), err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("sr faces --protocol dic@1", "faces is a face set; --split with one of its splits was expected"),
        ("sr hr --protocol dic@1 --out results", "--out is for a face set, and hr is a folder or a zip of images"),
        *(
            (f"sr hr --protocol dic@1 {option} none-of-it", f"{option} is for a face set")
            for option in ("--training", "--hardware", "--paper", "--code", "--name", "--lr", "--score", "--split")
        ),
        ("sr hr --protocol dic@1 --prior ground-truth", "--prior is for a face set"),
        ("sr faces/manifest.json --protocol dic@1", "faces/manifest.json: a folder or a zip of images was expected"),
        ("sr hr --protocol dik@1", "there is no protocol 'dik@1'"),
        ("no hr --protocol dic@1", "no: a folder or a zip of images was expected, and there is neither"),
        ("sr faces --protocol dic@1 --split val --paper here", "paper"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(mistake, place, arguments: str, reason: str) -> None:
    assert reason in mistake("bench", "score", *arguments.split())


def test_protocols_are_listed_shown_and_copied(cli, mistake, place) -> None:
    code, out, _ = cli("bench", "protocols", "--json")
    found = {each["id"]: each["hash"] for each in json.loads(out)}
    assert (code, found["dic@1"]) == (0, load_protocol("dic@1").content_hash)
    assert cli("bench", "protocols")[1].count("@1") == len(found)
    assert cli("bench", "protocols", "copy", "dic@1", "mine@1.toml")[0] == 0
    assert load_protocol("mine@1.toml").scoring == load_protocol("dic@1").scoring
    assert cli("bench", "protocols", "show", "dic@1")[1] == Path("mine@1.toml").read_text(encoding="utf-8")
    assert "exists already" in mistake("bench", "protocols", "copy", "dic@1", "mine@1.toml")
    assert "NAME@V.toml was expected" in mistake("bench", "protocols", "copy", "dic@1", "mine.toml")
    assert "there is no protocol 'dik@1'" in mistake("bench", "protocols", "show", "dik@1")


@pytest.mark.parametrize("width", [30, 40, 80])
def test_a_narrow_terminal_breaks_no_protocol(cli, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(console, "_width", width)
    _, out, _ = cli("bench", "protocols")
    assert max(map(len, out.splitlines())) <= width
    for name in protocol_names():
        protocol = load_protocol(name)
        for word in (name, protocol.short_hash, protocol.reduction.kernel):
            assert word in out.split()
    for word in ("psnr_rgb,", "included.", "priorsr:"):
        assert word in out.split()
