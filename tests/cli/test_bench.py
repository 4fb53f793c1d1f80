from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

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
    assert "already" not in run("--again")[1]


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
