"""The command line: what it prints, and how a user's mistake is told: one sentence, exit code 2, no traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr import registry
from priorsr.kernels.dispatch import operations
from priorsr.testing import golden_state

SMALL = {"width": 8, "depth": 1, "levels": 2, "scale": 8}


def test_list_shows_every_kind_and_where_things_come_from(cli) -> None:
    code, out, _ = cli("list")
    assert code == 0
    for word in ("fusion", "concat", "kdfsrnet-teacher", "priorsr-kdfsrnet 0.1.0"):
        assert word in out
    code, out, _ = cli("list", "recipe", "--json")
    found = {(offer["name"], offer["distribution"]) for offer in json.loads(out)}
    assert found >= {(name, f"priorsr-{name}") for name in ("dic", "kdfsrnet", "pfsr", "pkdn")}


def test_info_shows_options_and_presets(cli) -> None:
    code, out, _ = cli("info", "model", "kdfsrnet")
    assert code == 0
    assert "presets: paper, nano" in out
    assert "Source: KDFSRNet (TCSVT 2022)" in out
    code, out, _ = cli("info", "attention", "channel", "--json")
    assert json.loads(out)["options"][1] == {"name": "reduction", "type": "int", "default": "16", "required": False}


def test_doctor_is_content_here(cli) -> None:
    code, out, _ = cli("doctor", "--json")
    found = json.loads(out)
    assert code == 0, found["problems"]
    assert any("kdfsrnet" in line for line in found["plugins"])
    assert [line.partition(":")[0] for line in found["kernels"]] == operations()
    assert all('reference on cpu: "auto" takes kernels on a GPU only' in line for line in found["kernels"])


def test_doctor_names_what_an_extra_lacks(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        "torch>=2",
        "numpy>1; extra == 'bench'",
        'nowhere-to.be_found<3; extra == "train"',
        "pip; extra == 'train'",
    ]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: [*wanted, "pip; extra == 'all'"])
    found = json.loads(cli("doctor", "--json")[1])["extras"]
    assert found == [
        f"bench: numpy {version('numpy')}",
        "train: nowhere-to.be_found missing; pip install 'priorsr[train]'",
    ]


def test_doctor_says_what_the_environment_asks_of_kernels(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIORSR_BACKEND", "triton")
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    _, out, _ = cli("doctor")
    assert "landmark_fusion: none on cpu: PRIORSR_BACKEND=triton, but the tensors lie on the CPU" in out


def test_the_installed_script_runs() -> None:
    script = Path(sys.executable).with_name("priorsr")
    done = subprocess.run([script, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == priorsr.__version__


@pytest.mark.parametrize("where", ["typer.main.get_command", "priorsr.cli.catalogue.offers"])
def test_ctrl_c_ends_without_a_traceback_at_any_moment(cli, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    code, out, err = cli("list")
    assert (code, out, err.strip()) == (130, "", "")


def test_what_fails_after_ctrl_c_is_no_traceback(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """While torch imports a part of itself, Ctrl-C leaves that half there, and settings cannot be put back."""

    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt("how to go on")
        finally:
            raise AttributeError("module 'torch._dynamo' has no attribute 'utils'")

    monkeypatch.setattr("priorsr.cli.catalogue.offers", interrupted)
    code, out, err = cli("list")
    assert (code, out, err.strip()) == (130, "", "how to go on")


@pytest.mark.parametrize("code", [0, 3, "bye"])
def test_code_of_others_that_ends_the_program_is_told(mistake, monkeypatch: pytest.MonkeyPatch, code: object) -> None:
    """A score that called sys.exit(0) ended a benchmark without results, as if all were well."""

    def ending(*_: object, **__: object) -> None:
        sys.exit(code)

    monkeypatch.setattr("priorsr.cli.catalogue.offers", ending)
    said = mistake("list")
    assert f"{Path(__file__).name}, line " in said
    assert f"ends the program (SystemExit: {code})" in said


def test_a_librarys_warning_moves_no_cursor(cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """matplotlib names the glyphs that its font lacks, which a stranger's label may have put there."""

    def warning(*_: object, **__: object) -> list[object]:
        sys.stderr.write(warnings.formatwarning("Glyph 27 (\x1b) missing\nfrom font", UserWarning, "a.py", 1, ""))
        sys.stderr.write(warnings.formatwarning("\x1b[2J", priorsr.errors.PriorsrWarning, "a.py", 1, ""))
        return []

    monkeypatch.setattr("priorsr.cli.catalogue.offers", warning)
    code, _, err = cli("list")
    assert code == 0
    assert r"Glyph 27 (\x1b) missing" in err
    assert "note: \\x1b[2J\n" in err
    assert "\x1b" not in err


def test_what_an_encoding_lacks_is_quoted_and_not_all_that_was_to_be_written(mistake, monkeypatch) -> None:
    def writing(*_: object, **__: object) -> None:
        ("a" * 5_000 + "\udcc3" + "b" * 5_000).encode("utf-8")

    monkeypatch.setattr("priorsr.cli.catalogue.offers", writing)
    said = mistake("list")
    assert "\\udcc3" in said
    assert len(said) < 200


def test_unknown_names_are_told(mistake) -> None:
    assert "there is no kind 'fussion'; did you mean 'fusion'?" in mistake("list", "fussion")
    assert "there is no model 'kdfsrnt'; did you mean 'kdfsrnet'" in mistake("info", "model", "kdfsrnt")


def test_weights_convert_writes_what_load_reads(cli, tmp_path: Path) -> None:
    spec = json.loads(str(_spec("student_net")))
    torch.save(golden_state(spec), tmp_path / "released.pth")
    code, out, _ = cli("weights", "convert", tmp_path / "released.pth", tmp_path / "ours.safetensors")
    assert code == 0
    assert "KDFSRNet student, layout net (CelebA, Helen)" in out
    assert priorsr.load(tmp_path / "ours.safetensors").card["source"]["file"] == "released.pth"


def _spec(name: str) -> object:
    import numpy as np

    root = Path(__file__).parents[2]
    return np.load(root / f"plugins/priorsr-kdfsrnet/tests/golden/kdfsrnet_{name}.npz")["spec"]


def test_weights_convert_refuses_what_it_cannot_use(mistake, tmp_path: Path) -> None:
    out = tmp_path / "ours.safetensors"
    assert "there is no such file" in mistake("weights", "convert", tmp_path / "none.pth", out)
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    assert "KDFSRNet student, layout net (CelebA, Helen)" in mistake("weights", "convert", tmp_path / "a.pth", out)
    assert "ends in .safetensors" in mistake("weights", "convert", tmp_path / "a.pth", tmp_path / "ours.pth")
    state = golden_state(json.loads(str(_spec("student_net1"))))
    torch.save({k: v for k, v in state.items() if k != "tail.0.bias"}, tmp_path / "cut.pth")
    assert "the tensor 'tail.bias' is absent" in mistake("weights", "convert", tmp_path / "cut.pth", out)
    assert not out.exists()


ATTENTION = """
import priorsr
from torch import nn

@priorsr.register("attention", "scripted")
class Scripted(nn.Module):
    \"\"\"Weighs nothing.\"\"\"

    kind = "attention"

    def __init__(self, channels, gain=1.0):
        super().__init__()

    def forward(self, x, residual=None):
        return x if residual is None else x + residual
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script with the attention `scripted`, and a registry that has run none."""
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.setenv("PRIORSR_PLUGINS", "")
    file = tmp_path / "scripted.py"
    file.write_text(ATTENTION)
    return file


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("joined", [False, True])
def test_plugins_may_stand_before_and_after_the_command(cli, scripted: Path, place: int, joined: bool) -> None:
    words: list[object] = ["info", "attention", "scripted"]
    words[place:place] = [f"--plugins={scripted}"] if joined else ["--plugins", scripted]
    code, out, err = cli(*words)
    assert code == 0, err
    assert "attention scripted  file " in out
    assert "untyped" in out
    assert "_empty" not in out


def test_a_plugin_file_that_is_wrong_is_one_sentence(mistake, scripted: Path) -> None:
    assert "nowhere.py: there is no such file" in mistake("list", "--plugins", scripted.parent / "nowhere.py")
    scripted.write_text("1 / 0")
    assert "scripted.py: cannot be run as a plugin: ZeroDivisionError" in mistake("--plugins", scripted, "list")
    assert "option '--plugins' requires an argument" in mistake("list", "--plugins")


def test_info_shows_what_plugins_configs_hold(cli) -> None:
    _, out, _ = cli("info", "recipe", "pfsr")
    assert "fan_widths: widths of the distilled FAN." in out  # the config's docstring
    assert re.search(r"generator\.depth +int \| tuple\[int, \.\.\.\] +1", out)
    assert re.search(r"fade_until\.value +float +0\.5", out)
    assert "PFSRConfig(" not in out
