"""Odd machines: other encodings, no home, no room on stdout, no optional packages. None of them ends in a traceback."""

from __future__ import annotations

import io
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from priorsr.cli import catalogue
from priorsr.data import About, Face, FaceSet, Pixels, write_face_set

WITHOUT = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
from priorsr.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def odd_faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Two even faces, which bicubic enlarges exactly; one has a name that is not ASCII."""
    import numpy as np

    even = Pixels(np.full((128, 128, 3), 90, np.uint8))
    faces = [Face(name, "val", name, lambda: even) for name in ("plain", "mädchen")]
    return write_face_set(tmp_path_factory.mktemp("odd") / "set", faces, About("odd", "a formula", "CC0-1.0"))


def bench(odd_faces: FaceSet, out: Path) -> tuple[object, ...]:
    options = {"model": "bicubic", "data": odd_faces.path, "split": "val", "protocol": "dic@1", "out": out}
    return "bench", "run", *(word for name, value in options.items() for word in (f"--{name}", value))


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", ("inf", "+-")), ("latin-1", ("inf", "±")), ("utf-8", ("∞", "±"))]
)
def test_tables_are_spelt_in_any_encoding(
    cli: Any,
    odd_faces: FaceSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    shown: tuple[str, ...],
) -> None:
    bytes_written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_written, encoding=encoding))
    code, _, err = cli(*bench(odd_faces, tmp_path / "results"))
    assert (code, err) == (0, "")
    table = bytes_written.getvalue().decode(encoding)
    for text in shown:
        assert text in table


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_json_is_json_in_any_encoding(
    cli: Any, odd_faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    bytes_written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_written, encoding=encoding))
    code, _, _ = cli(*bench(odd_faces, tmp_path / "résultats"), "--json")
    assert code == 0
    (record,) = json.loads(bytes_written.getvalue().decode(encoding))
    assert Path(record["file"]).parts[-3] == "résultats"
    assert record["scores"]["psnr"]["value"] == "inf"


def python(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
        env={**os.environ, **environment},
    )


def test_a_locale_without_encoding_ends_no_finished_benchmark(odd_faces: FaceSet, tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    faces = write_face_set(
        tmp_path / "set", [Face("plain", "val", "", lambda: Pixels(odd_faces.image("plain")))], About("a", "b", "c")
    )
    done = python("-m", "priorsr.cli.main", *bench(faces, tmp_path / "résultats"), **plain)
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "résultats/records").glob("*.json")
    assert json.loads(record.read_text(encoding="utf-8"))["command"].endswith(f"'{tmp_path}/résultats'")
    refused = python("-m", "priorsr.cli.main", *bench(odd_faces, tmp_path / "other"), **plain)
    assert refused.returncode == 2
    assert "cannot be written in the encoding ascii; PYTHONUTF8=1 was expected" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No HOME, and no entry in passwd, as a container has that is run as any user."""
    for name in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "PRIORSR_CACHE", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: object) -> None:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(RuntimeError):
        Path.home()


@pytest.mark.usefixtures("homeless")
def test_without_a_home_everything_runs(
    cli: Any, odd_faces: FaceSet, toy_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results"
    absent = ("--score", "identity", "fid", "lpips")
    for command in (
        (*bench(odd_faces, results), *absent),
        ("bench", "site", results, "--out", tmp_path / "site"),
        ("train", "toy-gan", "--data", toy_faces, "--out", tmp_path / "run", "--steps", 2),
        ("bench", "report", tmp_path / "run"),
        ("doctor",),
    ):
        code, out, err = cli(*command)
        assert code == 0, (out, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "run", "site"]  # no folder called ~


@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_cache_needs_a_place(mistake: Any, toy_faces: Path, tmp_path: Path) -> None:
    from priorsr.data import arrays

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "MEMORY_LIMIT", 0)
        command = ("train", "toy-gan", "--data", toy_faces, "--out", tmp_path / "run", "--steps", 2)
        assert "PRIORSR_CACHE is not set, and there is no home folder" in mistake(*command)


def test_a_report_needs_neither_matplotlib_nor_accelerate(cli: Any, toy_faces: Path, tmp_path: Path) -> None:
    assert cli("train", "toy-gan", "--data", toy_faces, "--out", tmp_path / "run", "--steps", 2)[0] == 0
    without = WITHOUT.format(packages=("matplotlib", "accelerate"))
    done = python("-c", without, "bench", "report", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run/report.html").is_file()


def test_a_benchmark_without_scipy_is_refused_before_it_scores(
    mistake: Any, odd_faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert "pip install 'priorsr[bench]'" in mistake(*bench(odd_faces, tmp_path / "results"))
    assert not (tmp_path / "results").exists()


def test_a_package_that_is_missing_is_named_with_its_extra(mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'face_alignment.api'", name="face_alignment.api")

    monkeypatch.setattr(catalogue, "offers", lacking)
    assert "pip install 'priorsr[landmarks]'" in mistake("list")


def test_a_module_of_nobodys_extra_is_a_fault_of_ours(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'priorsr.nothing'", name="priorsr.nothing")

    monkeypatch.setattr(catalogue, "offers", lacking)
    with pytest.raises(ModuleNotFoundError):
        cli("list")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, on which no write succeeds")
def test_no_room_on_stdout_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "priorsr.cli.main", "list"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (2, "error: standard output: No space left on device\n")


def test_a_pipe_that_is_closed_is_no_mistake() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "priorsr.cli.main", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "")
