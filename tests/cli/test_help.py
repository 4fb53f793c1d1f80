"""Every command's help page: what it begins with, its options, and its examples, which the command itself reads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from priorsr.cli.main import app

WIDTH = 79


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command, and every group that does something by itself, with its words."""
    for name in group.list_commands(typer.Context(group)):
        command = group.get_command(typer.Context(group), name)
        below = hasattr(command, "list_commands")
        if not below or command.invoke_without_command:
            yield " ".join((*path, name)), command
        if below:
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def examples_of(command: Any) -> list[str]:
    """Return the examples of a command, each on one line."""
    lines = (command.epilog or "").replace("\\[", "[").replace(" \\\n", " ").strip().splitlines()
    return [line.strip() for line in lines[1:]]


def test_commands_are_found() -> None:
    assert {"train", "bench run", "data import celeba", "bench protocols", "bench protocols copy"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_page_begins_with_a_verb_and_explains_every_option(name: str) -> None:
    command = COMMANDS[name]
    assert re.match(r"[A-Z][a-z]+ \S", command.help), command.help
    assert not re.match(r"(What|Of|The|An?|How|Whether)\b", command.help), command.help
    for parameter in command.params:
        text = parameter.help or ""
        assert re.fullmatch(r"[A-Z68].*[^ ]\.", text), (parameter.name, text)
        assert not re.match(r"(What|Of|How|Which|Whether)\b", text), (parameter.name, text)
    by_panel: dict[str | None, int] = {}
    for parameter in command.params:
        panel = getattr(parameter, "rich_help_panel", None)
        by_panel[panel] = by_panel.get(panel, 0) + (parameter.param_type_name == "option")
    assert max(by_panel.values(), default=0) <= 8, by_panel


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_read_by_their_command(name: str) -> None:
    examples = examples_of(COMMANDS[name])
    assert examples, "no example"
    for example in examples:
        words = shlex.split(example)
        assert words[: len(name.split()) + 1] == ["priorsr", *name.split()]
        command, context = typer.main.get_command(app), None
        words = words[1:]
        while hasattr(command, "list_commands") and words:
            command = command.get_command(typer.Context(command), words.pop(0))
            assert command is not None, example
        context = command.make_context(name, words)
        assert not context.args, f"{example}: {context.args} are left over"
    assert all(len(f" {line}") <= WIDTH for line in COMMANDS[name].epilog.splitlines())


def test_paragraphs_and_examples_are_laid_out_for_the_terminal(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    _, out, _ = cli("upscale", "--help")
    page = [line.strip() for line in out.splitlines()]
    assert "A crop of any size is reduced to the LR size that the model was trained for" in page
    assert "   priorsr upscale --photo party.jpg --out enlarged" in [line.rstrip() for line in out.splitlines()]
    assert page.index("Examples:") > max(place for place, line in enumerate(page) if line.startswith("╰"))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("priorsr list fus", "fusion"),
        ("priorsr info fusion con", "concat"),
        ("priorsr train sup", "supervised"),
        ("priorsr bench run --protocol di", "dic@1"),
        ("priorsr data import folder SRC OUT --label-map celeb", "celebamask-19"),
        ("priorsr data doctor SET --reduction mat", "matlab-bicubic"),
        ("priorsr upscale IN --device c", "cuda"),
        ("priorsr upscale IN --format j", "jpeg"),
        ("priorsr export bi", "bicubic"),
        ("priorsr bench ablate --score lp", "lpips"),
    ],
)
def test_the_shell_completes_values(cli, monkeypatch: pytest.MonkeyPatch, typed: str, wanted: str) -> None:
    monkeypatch.setenv("_PRIORSR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    code, out, err = cli()
    assert code == 0, err
    assert wanted in out.splitlines()


def test_completing_names_survives_a_broken_script(cli, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    monkeypatch.setenv("PRIORSR_PLUGINS", str(tmp_path / "broken.py"))
    monkeypatch.setenv("_PRIORSR_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "priorsr info fusion con")
    monkeypatch.setenv("COMP_CWORD", "3")
    code, out, err = cli()
    assert (code, out.strip(), err) == (0, "", "")
