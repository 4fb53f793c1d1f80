from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import priorsr


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a/1.png", "a/deep/1.png", "b/1.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / name)
    (tmp_path / "a/read.txt").write_text("text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_folders_and_patterns_are_enlarged(cli, place: Path) -> None:
    code, out, err = cli("upscale", "a", "b/*.jpg", "--out", "out", "--model", "bicubic")
    assert (code, err) == (0, "")
    assert "3 of 3 pictures enlarged by bicubic" in out
    assert "1 other file in the folders left out" in out
    assert "3 of them have fewer pixels than their results" in out
    assert "--as-is gives the model all of their pixels" in out
    found = sorted(path.relative_to(place).as_posix() for path in (place / "out").rglob("*.*"))
    assert found == ["out/a/1.png", "out/a/deep/1.png", "out/b/1.jpg"]
    with Image.open("out/a/1.png") as result:
        assert np.array_equal(np.asarray(result), np.asarray(priorsr.upscale("a/1.png", model="bicubic")))


def test_a_failure_is_named_and_the_exit_code_is_1(cli, place: Path) -> None:
    (place / "a/0.png").write_text("text")
    code, out, err = cli("upscale", "a", "--out", "out", "--model", "bicubic")
    assert code == 1
    assert "2 of 3 pictures" in out
    assert err == f"failed: {place / 'a/0.png'}: cannot be read as an image; PNG, JPEG or WebP was expected\n"


def test_json_reports_each_picture_in_order(cli, place: Path) -> None:
    (place / "a/0.png").write_text("text")
    code, out, _ = cli("upscale", "a", "--out", "out", "--model", "bicubic", "--json", "--compare", "--as-is")
    found = json.loads(out)
    assert code == 1
    assert [Path(each["input"]).name for each in found] == ["0.png", "1.png", "1.png"]
    assert "error" in found[0]
    assert found[1] == {
        "input": str(place / "a/1.png"),
        "output": "out/1.png",
        "compare": "out/1.compare.png",
        "input_size": [40, 40],
        "size": [320, 320],
        "lr": [40, 40],
        "notes": [],
    }


def test_photographs_are_enlarged_with_the_faces_that_a_file_gives(cli, place: Path) -> None:
    (place / "boxes.json").write_text(json.dumps({"1.jpg": [{"box": [5, 5, 25, 25]}, {"box": [0, 0, 80, 80]}]}))
    options = ("--photo", "--boxes", "boxes.json", "--scale", 2, "--model", "bicubic")
    code, out, err = cli("upscale", "b/1.jpg", "--out", "out", *options)
    assert code == 0
    assert "1 of 1 pictures enlarged by bicubic" in out
    assert "1 of 2 faces by the model" in out
    assert err == f"{place / 'b/1.jpg'}: the face at (0, 0), 80 x 80 px, is left as it is: larger than 64 px\n"
    assert Image.open("out/1.jpg").size == (80, 80)


def test_the_help_warns_that_details_are_invented(cli) -> None:
    _, out, _ = cli("upscale", "--help")
    assert "The details of a result are invented" in " ".join(out.split())
    assert "no evidence" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("a/1.png --out out --model bicubik", "called 'bicubik'; did you mean 'bicubic'?"),
        ("gone.png --out out", "gone.png: there is no such file or folder"),
        ("a/1.png --out a/1.png", "a/1.png: is a file; a folder for the results was expected"),
        ("a/1.png --out a --overwrite", "a/1.png: would replace the input"),
        ("a --out out --as-is --photo", "--as-is and --photo were given"),
        ("a --out out --scale 4", "--scale was given without --photo"),
        ("a --out out --boxes x.json", "--boxes was given without --photo"),
        ("a --out out --photo --scale 9", "Invalid value for '--scale'"),
        ("a --out out --photo --boxes gone.json", "gone.json: there is no such file"),
        ("a --out out --quality 0", "Invalid value for '--quality'"),
        ("a --out out --format tiff", "Invalid value for '--format'"),
        ("a --out out --model bicubic --device gpu", "device is 'gpu'"),
        ("a", "Missing option '--out'"),
    ],
)
def test_a_mistake_is_reported_before_any_work(mistake, place: Path, arguments: str, sentence: str) -> None:
    before = sorted(place.rglob("*"))
    assert sentence in mistake("upscale", *arguments.split())
    assert sorted(place.rglob("*")) == before


def test_nothing_is_overwritten_unless_asked(cli, mistake, place: Path) -> None:
    command = ("upscale", "a/1.png", "--out", "out", "--model", "bicubic")
    assert cli(*command)[0] == 0
    assert "out/1.png: exists already; choose another folder (--out), or replace it (--overwrite)" in mistake(*command)
    assert cli(*command, "--overwrite")[0] == 0
