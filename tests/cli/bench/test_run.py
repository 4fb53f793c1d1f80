from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.bench import read_results
from priorsr.data import FaceSet
from priorsr.data.importers.synthetic import synthesise


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    return synthesise(tmp_path_factory.mktemp("faces") / "set", count=4, seed=0, val=3, test=0)


@pytest.fixture
def run(cli, faces: FaceSet, tmp_path: Path):
    """Run `priorsr bench run` with more options: its stdout and stderr."""

    def call(*more: str) -> tuple[str, str]:
        given = ["--model", "bicubic", "--data", faces.path, "--split", "val", "--out", tmp_path]
        code, out, err = cli("bench", "run", *given, "--protocol", "dic@1", *more)
        assert code == 0, err
        return out, err

    return call


@pytest.mark.parametrize("more", [("priorsr@1", "pfsr@1"), ("--protocol", "priorsr@1", "--protocol=pfsr@1")])
def test_run_writes_records_and_prints_a_table(run, tmp_path, more) -> None:
    printed, _ = run(*more)
    records = read_results(tmp_path)
    assert {record.protocol.id for record in records} == {"dic@1", "priorsr@1", "pfsr@1"}
    assert {record.data.count for record in records} == {3}
    dic = next(record for record in records if record.protocol.id == "dic@1")
    for text in ("dic@1 on synthetic-4-seed-0 val", "bicubic", "PSNR", f"{dic.scores['ssim'].value:.4f}"):
        assert text in printed


def test_a_second_run_says_that_results_were_there(run, tmp_path) -> None:
    run()
    path = next((tmp_path / "records").iterdir())
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "created": "2026-01-01T00:00:00Z"}))
    assert "1 of 1 results were there already" in run()[1]
    assert "already" not in run("--rerun")[1]


def test_json_is_for_programs(run, tmp_path) -> None:
    (found,) = json.loads(run("--json")[0])
    assert found["file"] == str(tmp_path / "records" / f"{found['id']}.json")
    assert found["scores"]["psnr"]["value"] > 10
    assert "per_image" not in found["scores"]["psnr"]


def test_site_builds_a_page(run, cli, tmp_path) -> None:
    run()
    site = tmp_path / "[/b]site"
    code, out, _ = cli("bench", "site", tmp_path, "--out", site, "--title", "Mine")
    assert code == 0
    assert str(site) in out
    assert "<title>Mine</title>" in (site / "index.html").read_text()


def test_a_set_whose_name_looks_like_markup_is_called_by_it(cli, tiny_faces, tmp_path) -> None:
    faces = shutil.copytree(tiny_faces, tmp_path / "set")
    manifest = json.loads((faces / "manifest.json").read_text())
    (faces / "manifest.json").write_text(json.dumps({**manifest, "name": "my[/b]set"}))
    given = ["--model", "bicubic", "--data", faces, "--split", "val", "--out", tmp_path, "--protocol", "dic@1"]
    code, out, err = cli("bench", "run", *given)
    assert code == 0, err
    assert "my[/b]set" in out


ABLATE = ("bench", "ablate", "toy-distilled", "--split", "val", "--protocol", "dic@1", "--steps", 4, "--seeds", 1)
TOY = ("--set", "student.scale=8", "teacher.scale=8", "ema=null", "--no-save-outputs")


def test_ablate_trains_scores_and_prints_a_table(cli, mistake, toy_faces, tmp_path) -> None:
    command = (
        *ABLATE,
        *TOY,
        "--data",
        toy_faces,
        "--out",
        tmp_path,
        "--vary",
        "student.width=4,2",
        "learning_rate=0.1",
    )
    code, out, err = cli(*command)
    assert code == 0, err
    for text in ("base (student.width=4)", "student.width=2", "learning_rate=0.1", "ablation.json, .md and .png"):
        assert text in out
    assert "run 3 of 3: learning_rate=0.1, seed 0" in err
    found = json.loads(cli(*command, "--json")[1])
    assert [variant["name"] for variant in found["variants"]] == ["base", "student.width=2", "learning_rate=0.1"]
    assert found["command"].startswith("priorsr bench ablate toy-distilled")
    assert "steps was 4 and is 6" in mistake(*command, "--steps", 6)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--vary", "student.width"), "--vary 'student.width': KEY=VALUE,VALUE,... was expected"),
        (("--vary", "student.width=[1,2"), "begins with no value"),
        (("--vary", "student.widht=3"), "did you mean 'student.width'"),
        (("--vary", "student.width=4"), "nothing is varied"),
        (("--vary", "student.width=2", "--seeds", 0), "seeds is 0"),
        (("--vary", "student.width=2", "--product", "critic"), "no product 'critic'"),
        (("--vary", "student.width=2", "--jobs", 2), "registered in this program alone"),
        (("--vary", "student.width=2", "--jobs", 0), "jobs is 0; a number from 1 to 1024 was expected"),
        (("--vary", "student.width=2", "--cluster", "ray://head:1"), "the cluster is 'ray://head:1'; dask://HOST:PORT"),
    ],
)
def test_ablates_mistakes(mistake, toy_faces, tmp_path, more, sentence) -> None:
    out = tmp_path / "out"
    assert sentence in mistake(*ABLATE, *TOY, "--data", toy_faces, "--out", out, *more)
    assert not out.exists()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that requires parsing maps."""
    path = tmp_path_factory.mktemp("model") / "told.safetensors"
    torch.manual_seed(0)
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0, levels=1, fusion="concat"), path)
    return path


def test_priors_scores_and_prints_a_table(cli, told, tiny_faces, tmp_path) -> None:
    given = ("--data", tiny_faces, "--split", "val", "--out", tmp_path, "--protocol", "dic@1", "--no-save-outputs")
    command = ("bench", "priors", told, *given, "--shift", 3, "--shift", 5.5, "--blur", 2)
    code, out, err = cli(*command)
    assert code == 0, err
    for text in ("ground truth", "shifted 3 px", "shifted 5.5 px", "blurred, sigma 2 px", "absent", "no estimator"):
        assert text in out
    assert "priors.json, .md and .png" in out
    rows = json.loads(cli(*command, "--json")[1])["rows"]
    assert [row["amount"] for row in rows] == [None, None, None, 3, 5.5, 2, None, None]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--estimator", "parsing_nat"), "'parsing_nat'; did you mean 'parsing_net'"),
        (("--estimator", "gone.safetensors"), "gone.safetensors: there is no such file"),
        (("--blur", 0), "a blur's sigma is 0"),
        (("--shift", "inf"), "a shift is inf"),
        (("--split", "vol"), "no split 'vol'"),
    ],
)
def test_priors_mistakes(mistake, told, tiny_faces, tmp_path, more, sentence) -> None:
    out = tmp_path / "out"
    assert sentence in mistake("bench", "priors", told, "--data", tiny_faces, "--split", "val", "--out", out, *more)
    assert not out.exists()


def test_priors_of_a_model_without_one(mistake, tiny_faces, tmp_path) -> None:
    given = ("--data", tiny_faces, "--split", "val", "--out", tmp_path / "out")
    assert "the model 'bicubic' takes no prior" in mistake("bench", "priors", "bicubic", *given)
