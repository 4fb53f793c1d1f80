"""The wheel of this package, in an environment that has nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
BUILD = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
PROGRAM = """
import priorsr, torch
print(priorsr.__file__)
print(torch.__file__)
print(priorsr.create("model", "bicubic")(torch.full((1, 3, 4, 4), 0.25)).sr.mean().item())
"""


def test_the_wheel_is_whole_and_works_alone(fresh_environment: Callable[..., Path], tmp_path: Path) -> None:
    subprocess.run([*BUILD, "--wheel-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "priorsr").rglob("*") if path.is_file()}
    assert {file for file in files if "__pycache__" not in file} <= packed

    python = fresh_environment(wheel)
    ran = subprocess.run([python, "-c", PROGRAM], check=True, capture_output=True, text=True, cwd=tmp_path)
    ours, theirs, mean = ran.stdout.split()
    assert Path(ours).is_relative_to(python.parents[1])
    assert Path(theirs).resolve() == Path(torch.__file__).resolve()
    assert float(mean) == 0.25
    listed = subprocess.run(
        [python.with_name("priorsr"), "list", "model"], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert "bicubic" in listed
    assert "pkdn" not in listed  # no plugin of the environment that tests is seen


def test_the_extras_are_installed_from_a_folder_of_wheels(
    fresh_environment: Callable[..., Path], tmp_path: Path
) -> None:
    plugins = [path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    subprocess.run([*BUILD, "--wheel-dir", tmp_path / "dist", ROOT, *plugins], check=True)
    python = fresh_environment()
    install = ["install", "--quiet", "--no-index", "--find-links", tmp_path / "dist", "priorsr[all,weights]"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    program = "import priorsr; print(priorsr.names('model')); print(type(priorsr.load('parsing_net')).__name__)"
    ran = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert all(f"'{name}'" in ran for name in ("bicubic", "dic", "kdfsrnet", "pfsr", "pkdn"))
    assert "ParsingNet" in ran
