"""`priorsr bench init-board`, as a user meets it, and a verified row on a board from a folder of images."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from priorsr.bench import read_results
from priorsr.bench.board.board_file import Board
from priorsr.bench.store.verification import read_verifications


@pytest.fixture
def place(tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of images of 64 px: HR, and the same as somebody's SR."""
    monkeypatch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    for name in ("sr", "hr"):
        Path(name).mkdir()
        for face in (tiny_faces / "splits/val.txt").read_text().split():
            shutil.copy(tiny_faces / "images" / f"{face}.png", name)
    return tmp_path


def test_folders_of_images_become_a_verified_row(cli, mistake, place) -> None:
    for command in (
        "data import folder hr faces --split test",
        "bench init-board board --data faces --split test --protocol dic@1 priorsr@1 --allow priorsr priorsr-pkdn",
        "bench score sr faces --split test --protocol dic@1 --name theirs --out results --hardware abacus",
        "bench pack results --model theirs --out theirs.zip",
        "bench verify theirs.zip --data faces --into board --comment comment.md",
        "bench site board --out site",
    ):
        code, out, err = cli(*command.split())
        assert code == 0, (command, out, err)
    assert {record.model.label for record in read_results("board")} == {"bicubic", "theirs"}
    assert {found.tier for found in read_verifications("board").values()} == {1}
    assert "hardware `abacus`" in Path("comment.md").read_text()
    assert Board.open("board").facts.allowed_distributions == ("priorsr", "priorsr-pkdn")
    assert "<dt>Hardware</dt><dd>abacus</dd>" in next(Path("site/models").glob("theirs*.html")).read_text()
    assert not list(Path("site").rglob("*.png")), "the licence is unknown"

    again = "bench init-board board --data faces --split test --protocol dic@1"
    assert "board: exists already; choose another folder" in mistake(*again.split())
    found = mistake(*["bench", "verify", "theirs.zip", "--data", "faces", "--board", "board", "--comment", "again.md"])
    assert "is on the board already, verified as tier 1" in found
    assert Path("again.md").read_text().startswith("### Not verified\n\n`theirs.zip: ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("init-board board --data hr --split test --protocol dic@1", "hr: is no face set"),
        ("init-board board --data faces --split val --protocol dic@1", "there is no split 'val'"),
        ("init-board board --data faces --split test --protocol dik@1", "there is no protocol 'dik@1'"),
        ("init-board board --data faces faces --split test --protocol dic@1", "each was expected once"),
        ("init-board board --data faces --split test --protocol dic@1 --title \n", "title"),
        ("verify no.zip", "--data with the face set was expected"),
        ("verify no.zip --data faces --comment c.md", "--board, whose rows the comment shows, was expected"),
        ("verify no.zip --board hr", "board.toml: there is no such file"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_and_leaves_no_board(cli, mistake, place, arguments, reason) -> None:
    assert cli("data", "import", "folder", "hr", "faces", "--split", "test")[0] == 0
    assert reason in mistake("bench", *arguments.split(" "))
    assert not Path("board").exists()
    assert not list(Path().glob(".board*"))
