"""`priorsr bench verify`: check a submission."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from priorsr.cli.console import console, print_json

if TYPE_CHECKING:
    from priorsr.bench.board.board_file import Board
    from priorsr.bench.submissions.bundle import Bundle
    from priorsr.bench.submissions.verify import Report

SHOWN = 20  # differences; a submission may have thousands
BOARD = "With a board"


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A file that priorsr bench pack made.")],
    data: Annotated[
        Path | None, typer.Option(help="Face set that was scored.", show_default="the board's, in its folder")
    ] = None,
    protocol: Annotated[
        list[Path] | None,
        typer.Option(help="File NAME@V.toml of a protocol that is not in the package; repeatable."),
    ] = None,
    rerun: Annotated[
        int | None,
        typer.Option(
            help="Number of faces to run again from the weights.",
            show_default="none; 8 without SR images, and of weights that a board may run",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed that chooses the faces to run again.", show_default="unpredictable")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Add the submission to this results folder or board if nothing differs.")
    ] = None,
    board: Annotated[
        Path | None,
        typer.Option(
            help="Verify by the rules of this board, a folder made by init-board.",
            show_default="that of --into, if it is one",
            rich_help_panel=BOARD,
        ),
    ] = None,
    comment: Annotated[
        Path | None,
        typer.Option(
            help="Write the findings to this Markdown file, with the neighbouring rows of the board.",
            rich_help_panel=BOARD,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify a submission: compute its scores again, or run faces again, and report every difference.

    With a board, its face sets, protocols and list of distributions hold, and images are added where the set's licence
    permits to publish them. The exit code is 2 if anything differs.

    Examples:
      priorsr bench verify mine.zip --data faces
      priorsr bench verify mine.zip --data faces --rerun 20 --into leaderboard
      priorsr bench verify mine.zip --board . --into added --comment comment.md
    """
    from priorsr.bench.board.board_file import Board
    from priorsr.bench.submissions.bundle import Bundle
    from priorsr.bench.submissions.comment import comment as make_comment
    from priorsr.bench.submissions.comment import refusal_comment
    from priorsr.errors import OptionError, PriorsrError
    from priorsr.files import atomic_text

    rules = Board.open(board) if board else Board.find(into) if into else None
    if rules is None and (data is None or comment):
        missing = "--data with the face set" if data is None else "--board, whose rows the comment shows,"
        raise OptionError(f"{missing} was expected; {into or 'no folder'} is no board")
    if rules and protocol:
        raise OptionError("--protocol was given with a board, whose protocols hold; one of the two was expected")
    try:
        with Bundle(bundle) as opened:
            report = _verified(opened, rules, data, protocol, rerun, seed)
            text = make_comment(report, rules) if comment and rules else ""
            if into and not report.differences:
                _add(opened, report, rules, into)
    except PriorsrError as error:
        if comment:
            atomic_text(comment, refusal_comment(str(error)))
        raise
    if comment:
        atomic_text(comment, text)
    _print(bundle, report, into, as_json)
    if report.differences:
        raise typer.Exit(2)


def _verified(
    bundle: Bundle,
    board: Board | None,
    data: Path | None,
    protocols: list[Path] | None,
    faces: int | None,
    seed: int | None,
) -> Report:
    from priorsr.bench.submissions.board_verification import verify_on_board
    from priorsr.bench.submissions.verify import verify as verify_bundle

    if board:
        return verify_on_board(bundle, board, data, faces=faces, seed=seed)
    assert data is not None, "checked"
    return verify_bundle(bundle, data, protocols=protocols or (), faces=faces, seed=seed)


def _add(bundle: Bundle, report: Report, board: Board | None, into: Path) -> None:
    from priorsr.bench.submissions.board_verification import add_to_board
    from priorsr.bench.submissions.verify import add

    if board:
        add_to_board(bundle, report, board, into)
    else:
        add(bundle, report, into)


def _print(bundle: Path, report: Report, into: Path | None, as_json: bool) -> None:
    from priorsr.bench.store.verification import TIERS
    from priorsr.infinity import json_value

    if as_json:
        print_json({**json_value(dataclasses.asdict(report)), "records": [record.id for record in report.records]})
        return
    count, tier = len(report.differences), report.tier
    left = f", but not {', '.join(report.not_checked)}" if report.not_checked else ""
    found = f"{count} difference{'s' * (count > 1)}" if count else f"true, tier {tier}: {TIERS[tier]}{left}"
    for text in (
        *map(str, report.differences[:SHOWN]),
        *([f"and {count - SHOWN} more; --json lists all"] if count > SHOWN else []),
        *(f"not verified: {name}: {reason}" for name, reason in report.not_checked.items()),
        found,
        *([f"added to {into}"] if into and not count else []),
    ):
        console.print(f"{bundle}: {text}", soft_wrap=True, markup=False, highlight=False)
