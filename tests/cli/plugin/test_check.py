"""`priorsr plugin check`: its table, its JSON, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from priorsr import registry

Cli = Callable[..., tuple[int, str, str]]
WRONG = '''
import priorsr
from torch import nn

{register}
class Wrong(nn.Module):
    """Takes no residual.

    Shapes: any.
    Range: any.
    Source: this test.
    """

    kind = "attention"

    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x
'''


@pytest.fixture(autouse=True)
def fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())


@pytest.mark.parametrize("what", ["priorsr-example", "PriorSR_Example", "simam", "priorsr-example:simam"])
def test_a_distribution_or_a_component_that_holds_its_contract_exits_with_0(cli: Cli, what: str) -> None:
    code, out, err = cli("plugin", "check", what, "--json")
    assert code == 0, err
    (result,) = json.loads(out)
    assert (result["kind"], result["name"], result["distribution"], result["passed"]) == (
        *("attention", "simam", "priorsr-example"),
        True,
    )
    assert {outcome["status"] for outcome in result["outcomes"]} == {"passed"}
    assert "shapes" in [outcome["check"] for outcome in result["outcomes"]]


def test_only_one_kind_may_be_checked(cli: Cli) -> None:
    code, out, _ = cli("plugin", "check", "priorsr", "--kind", "retention", "--json")
    assert code == 0
    assert [result["name"] for result in json.loads(out)] == ["concat", "multi_scale", "none"]


@pytest.mark.parametrize(("register", "name"), [("", "Wrong"), ('@priorsr.register("attention", "mine")', "mine")])
def test_a_files_wrong_component_exits_with_1_and_its_cause_is_told_once(
    cli: Cli, tmp_path: Path, register: str, name: str
) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(WRONG.format(register=register))
    code, out, err = cli("plugin", "check", file)
    assert (code, err) == (1, "")
    assert f"attention '{name}' of file " in out
    assert " ".join(out.split()).count("positional arguments but 3") == 1
    code, out, _ = cli("plugin", "check", file, "--json")
    (result,) = json.loads(out)
    assert (code, result["passed"]) == (1, False)
    failed = [outcome for outcome in result["outcomes"] if outcome["status"] == "failed"]
    assert len(failed) >= 10
    assert len({outcome["cause"] for outcome in failed}) == 1


def test_mistakes_are_one_sentence(mistake: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1")
    (tmp_path / "broken.py").write_text("1 / 0")
    assert "did you mean 'simam'" in mistake("plugin", "check", "siman")
    assert "of the kind fusion" in mistake("plugin", "check", "simam", "--kind", "fusion")
    assert "did you mean 'fusion'" in mistake("plugin", "check", "simam", "--kind", "fussion")
    assert "defines no class of a kind" in mistake("plugin", "check", tmp_path / "empty.py")
    assert "ZeroDivisionError" in mistake("plugin", "check", tmp_path / "broken.py")
    assert "gone.py: there is no such file" in mistake("plugin", "check", tmp_path / "gone.py")
