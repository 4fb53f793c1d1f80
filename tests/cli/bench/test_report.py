from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "pages" / "run"))  # for `import made_runs`

import made_runs


def test_report_writes_one_page_and_says_where(cli, tmp_path) -> None:
    run = made_runs.write_run(tmp_path / "run")
    code, out, err = cli("bench", "report", run, "--out", tmp_path / "page.html")
    assert (code, err) == (0, "")
    assert out == f"written to {tmp_path / 'page.html'}\n"
    assert "<!doctype html>" in (tmp_path / "page.html").read_text()


def test_a_folder_that_is_no_run_is_a_sentence(mistake, tmp_path) -> None:
    assert "the folder of a training run was expected" in mistake("bench", "report", tmp_path)


def test_a_site_of_no_faces_is_a_sentence(mistake, tmp_path) -> None:
    assert "faces is 0" in mistake("bench", "site", tmp_path, "--out", tmp_path / "site", "--faces", 0)
