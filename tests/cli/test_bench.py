from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from priorsr.bench import read_results
from priorsr.cli.bench import app
from priorsr.data import FaceSet
from priorsr.data.importers.synthetic import synthesise
from priorsr.errors import UnknownNameError


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    return synthesise(tmp_path_factory.mktemp("faces") / "set", count=4, seed=0, val=3, test=0)


@pytest.fixture
def run(faces: FaceSet, tmp_path: Path):
    def call(*more: str):
        command = ["run", "--model", "bicubic", "--data", str(faces.path), "--split", "val", "--out", str(tmp_path)]
        return CliRunner().invoke(app, [*command, "--protocol", "dic@1", *more])

    return call


def test_run_writes_records_and_prints_a_table(run, tmp_path) -> None:
    result = run("--protocol", "priorsr@1")
    assert result.exit_code == 0, result.output
    records = read_results(tmp_path)
    assert {record.protocol.id for record in records} == {"dic@1", "priorsr@1"}
    assert {record.data.count for record in records} == {3}
    dic = next(record for record in records if record.protocol.id == "dic@1")
    for text in ("dic@1 on synthetic-4-seed-0 val", "bicubic", "PSNR", f"{dic.scores['ssim'].value:.4f}"):
        assert text in result.stdout


def test_a_second_run_says_that_results_were_there(run, tmp_path) -> None:
    run()
    path = next((tmp_path / "records").iterdir())
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "created": "2026-01-01T00:00:00Z"}))
    assert "1 of 1 results were there already" in run().stderr
    assert "already" not in run("--again").stderr


def test_json_is_for_programs(run, tmp_path) -> None:
    (found,) = json.loads(run("--json").stdout)
    assert found["file"] == str(tmp_path / "records" / f"{found['id']}.json")
    assert found["scores"]["psnr"]["value"] > 10
    assert "per_image" not in found["scores"]["psnr"]


def test_a_mistake_is_an_error_of_ours(run) -> None:
    result = run("--model", "bicubik")
    assert isinstance(result.exception, UnknownNameError)
    assert result.stdout == ""
    assert run("--prior", "guessed").exit_code == 2


def test_site_builds_a_page(run, tmp_path) -> None:
    run()
    result = CliRunner().invoke(app, ["site", str(tmp_path), "--out", str(tmp_path / "site"), "--title", "Mine"])
    assert result.exit_code == 0, result.output
    assert "<title>Mine</title>" in (tmp_path / "site" / "index.html").read_text()
