from __future__ import annotations

import os
from pathlib import Path

import pytest

from priorsr.errors import DataError, OptionError
from priorsr.inference.listing import list_jobs


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "a/1.png",
        "a/2.JPG",
        "a/deep/1.png",
        "a/.hidden.png",
        "a/.git/x.png",
        "a/read.txt",
        "b/1.png",
        "c.webp",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def targets(*inputs: str, **options: object) -> list[str]:
    return [job.target.as_posix() for job in list_jobs(inputs, Path("out"), **options).jobs]


def test_a_file_keeps_its_name(place: Path) -> None:
    assert targets("a/1.png") == ["out/1.png"]


def test_a_folder_is_searched_with_its_folders_and_without_what_is_hidden(place: Path) -> None:
    jobs, ignored = list_jobs(["a"], Path("out"))
    assert [job.target.as_posix() for job in jobs] == ["out/1.png", "out/2.JPG", "out/deep/1.png"]
    assert [job.source for job in jobs] == [place / "a/1.png", place / "a/2.JPG", place / "a/deep/1.png"]
    assert [job.name for job in jobs] == ["1.png", "2.JPG", "deep/1.png"]
    assert ignored == 1


def test_equal_names_of_different_folders_stay_apart(place: Path) -> None:
    assert targets("a/1.png", "b/1.png") == ["out/a/1.png", "out/b/1.png"]
    assert targets("a", "b") == ["out/a/1.png", "out/a/2.JPG", "out/a/deep/1.png", "out/b/1.png"]
    assert targets("a/deep/../1.png", "./b/1.png") == ["out/a/1.png", "out/b/1.png"]


def test_patterns_are_sorted_and_each_file_is_there_once(place: Path) -> None:
    assert targets("a/*.png", "a/1.png", "a") == ["out/1.png", "out/2.JPG", "out/deep/1.png"]
    assert targets("**/1.png") == ["out/a/1.png", "out/a/deep/1.png", "out/b/1.png"]


def test_a_name_that_looks_like_a_pattern_is_a_name_where_it_exists(place: Path) -> None:
    (place / "[1].png").write_text("")
    assert targets("[1].png") == ["out/[1].png"]


def test_results_are_never_inputs(place: Path) -> None:
    (place / "a/out").mkdir()
    (place / "a/out/1.png").write_text("")
    jobs, _ = list_jobs(["a"], Path("a/out"), overwrite=True)
    assert [job.target.as_posix() for job in jobs] == ["a/out/1.png", "a/out/2.JPG", "a/out/deep/1.png"]
    jobs, _ = list_jobs(["a/*"], Path("a/out"), overwrite=True)
    assert [job.source for job in jobs] == [
        place / "a/1.png",
        place / "a/2.JPG",
        place / "a/deep/1.png",
        place / "a/read.txt",
    ]
    with pytest.raises(DataError, match=r"a/out/\*: matches no file"):
        list_jobs(["a/out/*"], Path("a/out"), overwrite=True)


def test_a_format_changes_the_suffix_and_stems_that_meet_keep_theirs(place: Path) -> None:
    (place / "a/1.jpeg").write_text("")
    (place / "a/plain.v2").write_text("")
    found = targets("a/1.jpeg", "a/1.png", "a/2.JPG", "a/plain.v2", format_="webp")
    assert found == ["out/1.jpeg.webp", "out/1.png.webp", "out/2.webp", "out/plain.v2.webp"]
    assert targets("a/plain.v2") == ["out/plain.v2.png"]
    assert targets("a/2.JPG", format_="jpeg") == ["out/2.jpg"]


def test_comparisons_lie_beside_and_never_meet(place: Path) -> None:
    (place / "a/1.jpg").write_text("")
    jobs, _ = list_jobs(["a/1.jpg", "a/1.png", "c.webp"], Path("out"), compare=True)
    compared = [job.compare.as_posix() for job in jobs if job.compare]
    assert compared == ["out/a/1.jpg.compare.png", "out/a/1.png.compare.png", "out/c.compare.png"]


def test_what_is_there_is_not_replaced_unless_asked(place: Path) -> None:
    (place / "out/deep").mkdir(parents=True)
    (place / "out/deep/1.png").write_text("")
    (place / "out/2.JPG").write_text("")
    with pytest.raises(DataError, match=r"out/2\.JPG and 1 more: exists already; choose another folder \(--out\)"):
        targets("a")
    assert len(targets("a", overwrite=True)) == 3


def test_an_input_is_never_replaced(place: Path) -> None:
    (place / "link").symlink_to(place / "a")
    for out in ("a", "link"):
        with pytest.raises(DataError, match=r"1\.png: would replace the input"):
            list_jobs(["a/1.png"], Path(out), overwrite=True)


def test_two_results_of_one_name_are_refused(place: Path) -> None:
    (place / "d").mkdir()
    for name in ("x", "x.png", "y.png", "y.compare.png"):
        (place / "d" / name).write_text("")
    assert targets("d/x", "d/x.png") == ["out/x.png", "out/x.png.png"]
    with pytest.raises(OptionError, match=r"out/y\.compare\.png: would be written for .*y\.png and for .*y\.compare"):
        targets("d/y.png", "d/y.compare.png", compare=True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("gone.png", "gone.png: there is no such file or folder"),
        ("*.tif", r"\*.tif: matches no file"),
        ("empty", "empty: holds no picture"),
        ("dead.png", "dead.png: is a link to nothing"),
    ],
)
def test_what_is_not_there_is_told(place: Path, given: str, sentence: str) -> None:
    (place / "empty").mkdir()
    (place / "dead.png").symlink_to("nowhere")
    with pytest.raises(DataError, match=sentence):
        targets("a", given)


def test_a_folder_that_cannot_be_read_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"deep: cannot be read \(Permission denied\)"):
        targets("a")


def test_an_out_that_is_a_file_is_refused(place: Path) -> None:
    with pytest.raises(DataError, match="is a file; a folder for the results was expected"):
        list_jobs(["a"], Path("c.webp"))
