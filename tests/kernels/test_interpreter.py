"""No run passes in which no kernel could be interpreted."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import interpreter
import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("triton", "numpy", "wanted"),
    [
        ("3.6.0", "2.3.5", None),
        ("3.8.0", "2.3.5", None),
        ("3.8.0", "2.4.6", "numpy<2.4"),
        ("3.6.0", "2.5.0", "numpy<2.4"),
        ("3.9.0", "2.4.6", None),
        (None, "2.3.5", "triton"),
    ],
)
def test_the_package_to_change_is_known(
    triton: str | None, numpy: str, wanted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        found = {"triton": triton, "numpy": numpy}[name]
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    assert interpreter.remedy() == wanted
    trouble = interpreter.trouble()
    assert trouble is None if wanted is None else str(trouble).endswith(f"; install {wanted}")


def run(packages: Path, program: list[str | Path], **versions: str) -> subprocess.CompletedProcess[str]:
    """Run Python where packages seem to have other versions than they have."""
    for name, version in versions.items():
        info = packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(packages)
    return subprocess.run([sys.executable, *program], capture_output=True, text=True, env=environment, check=False)


def test_a_run_without_the_interpreter_fails_in_one_sentence(tmp_path: Path) -> None:
    program = ["-m", "pytest", "-p", "no:cacheprovider", HERE / "test_channel_gate_kernels.py", "-k", "ugly or shape"]
    ran = run(tmp_path, program, triton="3.8.0", numpy="2.4.6")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    counts = ran.stdout.splitlines()[-1]
    assert "1 failed" in counts
    assert "skipped" in counts
    assert "passed" not in counts
    failures = ran.stdout.split(" FAILURES ")[1].split(" short test summary ")[0].splitlines()[1:-1]
    sentence = "the interpreter of Triton 3.8.0 does not run with NumPy 2.4.6; install numpy<2.4"
    assert failures[1:] == [f"no kernel can be tested: {sentence}"]  # after the test's name


def test_the_package_is_printed_for_pip(tmp_path: Path) -> None:
    assert run(tmp_path, [HERE / "interpreter.py"], triton="3.8.0", numpy="2.4.6").stdout == "numpy<2.4"
