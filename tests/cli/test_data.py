from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from priorsr.data import FaceSet


def test_synth_draws_a_set(cli, tmp_path: Path) -> None:
    code, out, _ = cli("data", "synth", tmp_path / "out", "--count", 3, "--seed", 5, "--size", 32, "--val", 1)
    assert code == 0
    assert len(FaceSet.open(tmp_path / "out").ids("train")) == 2
    assert "1 val" in out


def test_import_folder_builds_a_set(cli, tiny_faces: Path, tmp_path: Path) -> None:
    source = tmp_path / "my faces"
    shutil.copytree(tiny_faces / "images", source / "train/images")
    shutil.copytree(tiny_faces / "parsing", source / "train/parsing")
    code, out, _ = cli("data", "import", "folder", source, tmp_path / "out")
    assert code == 0
    faces = FaceSet.open(tmp_path / "out")
    assert len(faces.ids("train")) == 12
    assert faces.has_landmarks
    assert "12 train; parsing and landmarks" in out
    assert cli("data", "import", "folder", source, tmp_path / "out")[0] == 0


def test_doctor_answers_a_program(cli, tiny_faces: Path, tmp_path: Path) -> None:
    code, out, _ = cli("data", "doctor", tiny_faces, "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True
    broken = Path(shutil.copytree(tiny_faces, tmp_path / "broken"))
    (broken / "images/000000.png").write_text("no image")
    code, out, _ = cli("data", "doctor", broken, "--json")
    report = json.loads(out)
    assert code == 2
    assert report["ok"] is False
    assert {finding["check"] for finding in report["findings"]} == {"files", "images"}
    code, out, _ = cli("data", "doctor", broken)
    assert code == 2
    assert "images/000000.png" in out
    for face in (broken / "parsing").iterdir():
        face.unlink()
    code, out, _ = cli("data", "doctor", broken)
    assert code == 2
    assert "and 3 more" in out


def test_shard_writes_shards(cli, mistake, tiny_faces: Path, tmp_path: Path) -> None:
    code, out, _ = cli("data", "shard", tiny_faces, tmp_path / "out", "--shard-faces", 4)
    assert code == 0
    assert re.search(r"out: train: 7 faces, shards: 2, \d+\.\d MB\n", out)
    assert len(list((tmp_path / "out").glob("*.tar"))) == 4
    assert "holds finished shards" in mistake("data", "shard", tiny_faces, tmp_path / "out")


def test_priors_copies_a_set_with_estimated_ones(cli, mistake, tiny_faces: Path, tmp_path: Path) -> None:
    import priorsr
    from priorsr.estimators.parsing_net import ParsingNet
    from priorsr.pretrained import UNTRAINED

    weights = tmp_path / "net.safetensors"
    priorsr.save(ParsingNet((8,), 64, UNTRAINED), weights)
    arguments = ("data", "priors", tiny_faces, tmp_path / "out", "--estimator", weights, "--from", "lr", "--scale", 4)
    code, out, _ = cli(*arguments)
    assert code == 0
    assert "7 train, 3 val; parsing;" in out
    assert FaceSet.open(tmp_path / "out").manifest.priors["parsing"].scale == 4
    assert cli(*arguments)[0] == 0
    assert "choose another folder" in mistake(*arguments[:-2])
    assert "nor a .safetensors file, called 'parser'" in mistake(
        "data", "priors", tiny_faces, tmp_path / "second", "--estimator", "parser"
    )


def test_importers_tell_what_they_need(mistake, tmp_path: Path) -> None:
    assert "img_align_celeba: there is no such folder" in mistake(
        "data", "import", "celeba", tmp_path, tmp_path / "out"
    )
    assert "'dic' is not published" in mistake("data", "import", "helen", tmp_path, tmp_path / "out", "--split", "dic")
