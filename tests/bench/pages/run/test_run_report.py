from __future__ import annotations

import math
import re
import shlex
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import made_runs
import pytest

import priorsr
from priorsr.bench import run as bench
from priorsr.bench.pages.run import build_report
from priorsr.errors import DataError
from priorsr.training.overrides import parse_assignments


class Page(HTMLParser):
    """Text, and what is loaded."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run(tmp_path) -> Path:
    return made_runs.write_run(tmp_path / "my run")


def test_it_needs_no_other_file(run) -> None:
    report = build_report(run)
    assert report == run / "report.html"
    page = Page(report)
    assert page.urls
    assert all(url.startswith(("data:", "#")) for url in page.urls)
    assert sum(url.startswith("data:image/webp;base64,") for url in page.urls) == 2
    assert "url(" not in report.read_text()


def test_it_shows_scores_curves_cards_and_config(run) -> None:
    page = Page(build_report(run))
    for text in ("PSNR / dB 23.46 at step 30", "at its best 24.10, at step 10", "bicubic 22.50", "30 in 15.0 s"):
        assert text in page.text, text
    for text in ("loss: net", "val PSNR (dB)", "net.safetensors", "student.width", "A CPU, 2 threads"):
        assert text in page.text, text
    assert "logged: pixel" not in page.text  # it was never finite
    assert "not finished" not in page.text


def test_an_infinite_score_is_shown_as_one(tmp_path) -> None:
    levels = {"bicubic": math.inf}
    lines = [made_runs.validation(10, math.inf), made_runs.validation(30, 24.0, references=levels)]
    page = Page(build_report(made_runs.write_run(tmp_path / "run", lines)))
    assert "PSNR / dB 24.00 at step 30; at its best ∞, at step 10" in page.text
    assert "bicubic ∞" in page.text
    assert not re.search(r"\binf\b", page.text)


def test_the_command_repeats_the_run(run) -> None:
    report = build_report(run).read_text()
    words = shlex.split(unescape(report.partition("<pre><code>")[2].partition("</code>")[0]))
    assert words[:3] == ["priorsr", "train", "supervised"]
    for option, value in (("--data", "some faces"), ("--steps", "30"), ("--seed", "3"), ("--precision", "float32")):
        assert words[words.index(option) + 1] == value
    assert 'options={"width": 8}' in words
    assert "model=encoder_decoder" in words
    assert "--minutes" not in words


def test_the_command_gives_overrides_as_they_were_and_leaves_the_run_alone(tmp_path, monkeypatch) -> None:
    overrides = {"name": "16", "tag": "a b", "width": 8, "fusion": None}
    monkeypatch.chdir(made_runs.write_run(tmp_path / "run", overrides=overrides))
    command = build_report(".").read_text().partition("<pre><code>")[2].partition("</code>")[0]
    words = shlex.split(unescape(command))
    assert words[words.index("--out") + 1] == "run-again"
    assert parse_assignments([word for word in words if "=" in word]) == overrides


def test_a_recipe_that_no_command_names_has_none(tmp_path) -> None:
    run = made_runs.write_run(tmp_path / "run", recipe="SomebodysRecipe")
    report = build_report(run)
    assert "<pre>" not in report.read_text()
    assert "no command repeats the run" in Page(report).text


def test_a_run_under_way_says_how_far_it_is(tmp_path) -> None:
    run = made_runs.write_run(tmp_path / "run", [made_runs.step(10)], weights=False)
    with open(run / "metrics.jsonl", "a") as file:
        file.write('{"kind": "step", "st')  # as a killed process leaves it
    page = Page(build_report(run, tmp_path / "report.html"))
    assert "This run is not finished: net has done 10 of 30 steps." in page.text
    assert "was cut off" in page.text


def test_scores_of_its_weights_are_found_in_results(run, faces, tmp_path) -> None:
    weights = run / "weights" / "net.safetensors"
    second = run / "weights" / "teacher.safetensors"
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=1), second, card={"stage": "net"})
    bench([weights, second, "bicubic"], data=faces, split="val", protocols=["dic@1"], out=tmp_path / "results")
    page = Page(build_report(run, results=tmp_path / "results"))
    assert page.text.count("dic@1 on clouds val, 5 faces") == 1  # one table for both
    assert len(re.findall(r"of 3\b", page.text)) == 2
    bench("bicubic", data=faces, split="val", protocols=["dic@1"], out=tmp_path / "others")
    assert "dic@1" not in Page(build_report(run, results=tmp_path / "others")).text


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda run: (run / "config.json").unlink(), r"has no config\.json"),
        (lambda run: (run / "config.json").write_text("{"), r"config\.json: cannot be read as JSON"),
        (lambda run: (run / "config.json").write_text("{}"), "config.json: recipe: field required"),
        (lambda run: (run / "metrics.jsonl").unlink(), "there is no such file; the metrics"),
        (lambda run: (run / "metrics.jsonl").write_text(""), "holds no line yet"),
        (lambda run: (run / "metrics.jsonl").write_text("{\n"), "line 1: cannot be read as JSON"),
        (lambda run: (run / "metrics.jsonl").write_text("[]\n"), "line 1: the line"),
        (lambda run: (run / "metrics.jsonl").write_bytes(b"\xff\n"), "cannot be read as text"),
        (lambda run: (run / "samples" / "net-0000010.png").write_bytes(b"no"), "cannot be read as an image"),
        (lambda run: (run / "weights" / "net.safetensors").write_bytes(b"no"), "cannot be read as safetensors"),
    ],
)
def test_a_broken_run_is_told_in_a_sentence(run, broken, sentence) -> None:
    broken(run)
    with pytest.raises(DataError, match=sentence):
        build_report(run)
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (made_runs.step(10, stage="other"), "line 1 is of the stage 'other'; the run's stages are net"),
        (made_runs.step(10, losses={"net": "much"}), "line 1: losses.net is 'much'"),
        (made_runs.step(-1), "line 1: step is -1"),
        (
            made_runs.validation(10, 1.0, score="beauty"),
            "line 1: score is 'beauty': psnr_y, parsing_iou or nme was expected",
        ),
        ({"kind": "thought"}, "line 1"),
    ],
)
def test_a_line_that_no_run_writes_is_told(tmp_path, line, sentence) -> None:
    run = made_runs.write_run(tmp_path / "run", [line])
    with pytest.raises(DataError, match=sentence):
        build_report(run)


def test_a_folder_in_the_way_is_refused(run, tmp_path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        build_report(run, tmp_path)
