from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from priorsr.cli.main import main
from priorsr.data import FaceSet


def run(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run `priorsr data ...` as a user does; its exit code."""
    monkeypatch.setattr(sys, "argv", ["priorsr", "data", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_synth_draws_a_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run("synth", tmp_path / "out", "--count", 3, "--seed", 5, "--size", 32, "--val", 1, monkeypatch=monkeypatch)
        == 0
    )
    assert len(FaceSet.open(tmp_path / "out").ids("train")) == 2
    assert "1 val" in capsys.readouterr().out


def test_import_folder_builds_a_set(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "my faces"
    shutil.copytree(tiny_faces / "images", source / "train/images")
    shutil.copytree(tiny_faces / "parsing", source / "train/parsing")
    assert run("import", "folder", source, tmp_path / "out", monkeypatch=monkeypatch) == 0
    faces = FaceSet.open(tmp_path / "out")
    assert len(faces.ids("train")) == 12
    assert faces.has_landmarks
    assert "12 train; parsing and landmarks" in capsys.readouterr().out.replace("\n", "")
    assert run("import", "folder", source, tmp_path / "out", monkeypatch=monkeypatch) == 0


def test_doctor_answers_a_program(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("doctor", tiny_faces, "--json", monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    broken = Path(shutil.copytree(tiny_faces, tmp_path / "broken"))
    (broken / "images/000000.png").write_text("no image")
    assert run("doctor", broken, "--json", monkeypatch=monkeypatch) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert {finding["check"] for finding in report["findings"]} == {"files", "images"}
    assert run("doctor", broken, monkeypatch=monkeypatch) == 2
    assert "images/000000.png" in capsys.readouterr().out
    for face in (broken / "parsing").iterdir():
        face.unlink()
    assert run("doctor", broken, monkeypatch=monkeypatch) == 2
    assert "and 3 more" in capsys.readouterr().out


def test_wrong_input_gives_one_sentence_and_exit_code_2(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "letter.png").write_text("dear reader")
    for arguments, sentence in (
        (("import", "folder", tmp_path / "nowhere", tmp_path / "out"), "there is no such folder"),
        (("import", "folder", text, tmp_path / "out"), "letter.png: cannot be read as an image"),
        (("import", "celebamask-hq", text, tmp_path / "out"), "CelebA-HQ-img: there is no such folder"),
        (("synth", tmp_path / "new", "--count", 0), "count 0; at least 1 was expected"),
        (("synth", tiny_faces, "--count", 3), "made from other files or options"),
        (("doctor", text), "no manifest.json"),
        (("doctor", tiny_faces, "--reduction", "bicubic"), "no reduction kernel 'bicubic'"),
    ):
        assert run(*arguments, monkeypatch=monkeypatch) == 2
        told = capsys.readouterr().err
        assert sentence in told
        assert "Traceback" not in told
        assert told.count("\n") == 1
