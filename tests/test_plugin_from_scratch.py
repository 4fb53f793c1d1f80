"""A plugin from its first command to a comparison, as docs/plugins.md has it, in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SMALLER = {
    "--count 120": "--count 30",
    "--count 300": "--count 30",
    "--steps 200": "--steps 2",
    "--steps 100": "--steps 2",
    "--seeds 3": "--seeds 2",
}


def test_the_documented_commands_make_check_train_and_compare_a_fusion(
    fresh_environment: Callable[..., Path], tmp_path: Path
) -> None:
    page = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    create, use, study = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[:3]
    python = fresh_environment(ROOT)
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}

    def run(commands: str) -> str:
        for text, smaller in SMALLER.items():
            commands = commands.replace(text, smaller)
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    new, install, check = create.strip().splitlines()
    assert "fsr-gate/fsr_gate/gate.py" in run(new)
    assert install == "pip install --editable fsr-gate"
    offline = ["--quiet", "--no-deps", "--no-index"]
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        *offline,
        "--no-build-isolation",
        "--wheel-dir",
        "dist",
        "./fsr-gate",
    ]
    subprocess.run(build, cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "dist").glob("fsr_gate-0.1.0-*.whl")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel], check=True)
    (tmp_path / "fsr-gate").rename(tmp_path / "source")  # what is used now is what the wheel brought

    assert "fusion 'gate' of fsr-gate 0.1.0: 17 of 17 checks passed" in run(check)
    compared = run(use)
    assert "gate against concat" in compared
    assert "PSNR Y" in compared
    studied = run(study)
    assert "options.fusion=concat" in studied
    assert "against base" in studied
    listed = run("priorsr weights info runs/gate --json")
    assert '"distribution": "fsr-gate"' in listed
