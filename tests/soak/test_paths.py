"""Odd paths are given wherever a command takes one, and what they do wrong is seen."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator

import pytest
from typer.models import ArgumentInfo

from priorsr.cli.main import app
from tests.command_tree import commands
from tests.soak import paths
from tests.soak.processes import Outcome

MARKED = r"(?:read|make|write|check|keep):"


def paths_of(command: Callable[..., object]) -> Iterator[tuple[str, bool]]:
    """The name of each parameter that is a path, and whether it is an argument."""
    for name, hint in typing.get_type_hints(command, include_extras=True).items():
        kind, *told = typing.get_args(hint) or (hint,)
        if "pathlib.Path" in str(kind):
            yield name, isinstance(told[0], ArgumentInfo)


def test_every_path_of_every_command_is_tried() -> None:
    lines = paths.COMMANDS.replace("\\\n", "").strip().split("\n")
    assert any(line.startswith("--plugins read:") for line in lines)
    for name, command in commands(app):
        own = [line for line in lines if line.startswith(f"{name} ")]
        arguments = 0
        for parameter, is_argument in paths_of(command):
            arguments += is_argument
            option = f"--{parameter.strip('_').replace('_', '-')} {MARKED}"
            assert is_argument or any(re.search(option, line) for line in own), (name, parameter)
        given = [len(re.findall(rf"(?<!\S){MARKED}", re.sub(r"--[\w-]+ \S+", "", line))) for line in own]
        assert max(given, default=0) >= arguments, name


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (Outcome(None, "", ""), "hangs"),
        (Outcome(1, "", "Traceback (most recent call last):"), "exit code 1"),
        (Outcome(0, "done", ""), "exit code 0"),
        (Outcome(2, "", "error: a.json: is empty"), "refused without its name"),
        (Outcome(2, "", "error: odd-empty: is\nerror: odd-empty: is"), "2 sentences"),
        (Outcome(2, "", ""), "0 sentences"),
        (Outcome(2, "", "error: odd-empty: is empty"), ""),
    ],
)
def test_faults_are_found(ended: Outcome, fault: str) -> None:
    found = paths._problem(ended, paths.Case(("list", "read:a.json"), 1, "empty"))
    assert found.startswith(fault)
    assert bool(found) == bool(fault)
