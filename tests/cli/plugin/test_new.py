"""`priorsr plugin new`: what it writes, and what it refuses."""

from __future__ import annotations

import ast
import importlib
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import priorsr
from priorsr.cli.plugin.plan import plan_plugin
from priorsr.cli.plugin.writing import plugin_files, write_plugin
from priorsr.components import BUILTINS
from priorsr.errors import DataError, NameCollisionError, OptionError, PriorsrError, UnknownNameError
from priorsr.kinds import KINDS
from priorsr.testing import check

Cli = Callable[..., tuple[int, str, str]]


def test_a_distribution_of_every_kind_is_whole(
    cli: Cli, tmp_path: Path, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("plugin", "new", "Fsr-All.Kinds", *(word for kind in KINDS for word in ("--kind", kind)))
    assert code == 0, err
    folder = tmp_path / "Fsr-All.Kinds"
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert written == sorted(
        [
            *("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/tests.yml"),
            *("fsr_all_kinds/__init__.py", "fsr_all_kinds/py.typed", "tests/test_contract.py"),
            *(f"fsr_all_kinds/fsr_all_kinds_{kind}.py" for kind in KINDS),
        ]
    )
    assert all(str(Path("Fsr-All.Kinds") / path) in out for path in written)

    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["license"]) == ("Fsr-All.Kinds", "Apache-2.0")
    assert "Apache License" in (folder / "LICENSE").read_text()
    offers = project["entry-points"]
    assert offers.keys() == {f"priorsr.{kind}" for kind in KINDS}
    sources = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}
    for source in sources.values():
        ast.parse(source)
        assert not any(word in source for word in ("My" + kind.capitalize() for kind in KINDS))
    install(
        "fsr-all-kinds",
        {kind: "\n".join(f"{n} = {t}" for n, t in offers[f"priorsr.{kind}"].items()) for kind in KINDS},
        sources,
    )
    importlib.invalidate_caches()
    for kind in ("fusion", "model", "score"):  # the others' examples are checked where they are kept
        result = check(kind, f"fsr_all_kinds_{kind}")
        assert (result.passed, result.distribution) == (True, "fsr-all-kinds"), str(result)


@pytest.mark.parametrize("kind", ["fusion", "attention", "retention", "upsampler"])
def test_the_readme_of_a_block_compares_it_with_a_built_in_one(kind: str) -> None:
    readme = plugin_files(plan_plugin("fsr-x", [f"{kind}:mine"], "MIT", None))["README.md"]
    (study,) = (line.split() for line in readme.splitlines() if line.startswith("priorsr bench ablate"))
    assert f"options.{kind}=mine" in study
    _, name = study[study.index("--vary") + 1].split("=")
    assert name in BUILTINS[kind]
    given = dict(word.removeprefix("options.").split("=") for word in study if word.startswith("options."))
    sizes = {option: json.loads(text) for option, text in given.items() if option != kind}
    config = priorsr.create("model", "encoder_decoder", **{kind: name}, **sizes).config
    assert (config.width, config.patch, config.global_residual) == (16, 4, True)


def test_the_names_of_the_components_are_printed(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = cli("plugin", "new", "my-fusion", "--kind", "fusion")
    assert code == 0
    assert "fusion my_fusion: my-fusion/my_fusion/my_fusion.py" in out.splitlines()


def test_components_have_the_names_that_are_given(tmp_path: Path) -> None:
    plan = plan_plugin("priorsr-gate", ["fusion:soft-gate", "attention:gate", "score:gate"], "MIT", 'A "B" É')
    files = plugin_files(plan)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["entry-points"] == {
        "priorsr.fusion": {"soft-gate": "priorsr_gate.soft_gate:SoftGateFusion"},
        "priorsr.attention": {"gate": "priorsr_gate.gate_attention:GateAttention"},
        "priorsr.score": {"gate": "priorsr_gate.gate_score:GateScore"},
    }
    assert project["authors"] == [{"name": 'A "B" É'}]
    assert 'A "B" É' in files["LICENSE"]
    assert "class SoftGateFusion(nn.Module)" in files["priorsr_gate/soft_gate.py"]
    assert '"soft-gate")' in files["priorsr_gate/soft_gate.py"]
    alone = plan_plugin("priorsr-gate", ["fusion"], "BSD-3-Clause", None)
    assert [(each.name, each.module) for each in alone.components] == [("gate", "gate")]
    assert "the developers of priorsr-gate" in plugin_files(alone)["LICENSE"]


@pytest.mark.parametrize(
    ("name", "kinds", "error", "told"),
    [
        ("my plugin", ["fusion"], OptionError, "'my plugin' cannot be a distribution's name"),
        ("../up", ["fusion"], OptionError, "cannot be a distribution's name"),
        ("-x", ["fusion"], OptionError, "cannot be a distribution's name"),
        ("2fast", ["fusion"], OptionError, "the package of '2fast' would be called '2fast'"),
        ("class", ["fusion"], OptionError, "would be called 'class'"),
        ("PriorSR", ["fusion"], OptionError, "'PriorSR' is taken"),
        ("json", ["fusion"], OptionError, "'json' is taken"),
        ("fsr-x", ["fussion"], UnknownNameError, "did you mean 'fusion'"),
        ("fsr-x", ["fusion:"], OptionError, "names no component"),
        ("fsr-x", ["fusion:my gate"], OptionError, "cannot be called 'my gate'"),
        ("fsr-x", ["fusion:../gate"], OptionError, "cannot be called"),
        ("fsr-x", ["fusion:2d"], OptionError, "the module of the fusion '2d'"),
        ("fsr-x", ["fusion:concat"], NameCollisionError, "the fusion 'concat' is priorsr's own"),
        ("fsr-x", ["fusion:a", "fusion:a"], NameCollisionError, "'a' was asked for 2 times"),
        ("fsr-x", ["fusion:a-b", "fusion:a_b"], NameCollisionError, "'a_b' was asked for 2 times"),
        ("fsr-x", [], OptionError, "without components"),
    ],
)
def test_names_that_cannot_be_are_refused(name: str, kinds: list[str], error: type[PriorsrError], told: str) -> None:
    with pytest.raises(error) as raised:
        plan_plugin(name, kinds, "MIT", None)
    assert told in str(raised.value)


def test_a_licence_that_is_unknown_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'Apache-2.0'"):
        plan_plugin("fsr-x", ["fusion"], "Apache", None)


@pytest.mark.parametrize("there", ["folder", "empty", "file", "link"])
def test_nothing_is_ever_overwritten(there: str, tmp_path: Path) -> None:
    folder = tmp_path / "fsr-x"
    if there in ("folder", "empty"):
        folder.mkdir()
    if there == "folder":
        (folder / "notes.txt").write_text("mine")
    if there == "file":
        folder.write_text("mine")
    if there == "link":
        folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match="exists already"):
        write_plugin(plan_plugin("fsr-x", ["fusion"], "MIT", None), folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fsr-x"]
    if there == "folder":
        assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_full_disk_leaves_nothing_behind(no_room, tmp_path: Path) -> None:
    with no_room(600), pytest.raises(PriorsrError):
        write_plugin(plan_plugin("fsr-x", ["fusion"], "MIT", None), tmp_path / "fsr-x")
    assert list(tmp_path.iterdir()) == []


def test_the_workflow_uses_no_action_of_others_and_its_token_only_reads() -> None:
    workflow = plugin_files(plan_plugin("fsr-x", ["fusion"], "MIT", None))[".github/workflows/tests.yml"]
    assert "uses:" not in workflow
    assert "permissions:\n  contents: read\n" in workflow
    assert '"https://x-access-token:$TOKEN@${GITHUB_SERVER_URL#https://}/$GITHUB_REPOSITORY" "$GITHUB_SHA"' in workflow
    assert "TOKEN: ${{ github.token }}" in workflow
