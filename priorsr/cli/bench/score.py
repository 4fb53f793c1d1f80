"""`priorsr bench score`: score images that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, errors, print_json
from priorsr.terminal import styled
from priorsr.text import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from priorsr.bench.made_elsewhere.image_scores import ImageScores
    from priorsr.bench.store.records import Record
    from priorsr.data import FaceSet

FACE_SET, DECLARED = "With a face set", "Declared, not checked"
PriorSource = Literal["none", "estimated-from-lr", "estimated-from-hr", "ground-truth"]


def score(
    sr: Annotated[Path, typer.Argument(help="A folder or zip of SR images.")],
    hr: Annotated[Path, typer.Argument(help="A folder or zip of HR images, or a face set.")],
    protocol: Annotated[
        list[str],
        typer.Option(
            help="Protocol: an id such as priorsr@1, or a file NAME@V.toml; repeatable.",
            autocompletion=completion.protocols,
        ),
    ],
    pairs: Annotated[
        Path | None, typer.Option(help="CSV file with the columns sr,hr, which pairs images whose stems differ.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the scores of each image.")] = False,
    split: Annotated[str | None, typer.Option(help="Split of the face set.", rich_help_panel=FACE_SET)] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the method.", show_default="that of SR", rich_help_panel=FACE_SET)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Add records and images to this results folder.", rich_help_panel=FACE_SET)
    ] = None,
    lr: Annotated[
        Path | None,
        typer.Option(
            help="LR images that the method enlarged, to compare with the protocol's.", rich_help_panel=FACE_SET
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--score",
            help="Score beyond the protocol's, by name; repeatable.",
            autocompletion=completion.of_kind("score"),
            rich_help_panel=FACE_SET,
        ),
    ] = None,
    prior: Annotated[PriorSource, typer.Option(help="Prior that the method used.", rich_help_panel=DECLARED)] = "none",
    training: Annotated[
        list[str] | None,
        typer.Option(help="Data that the method was trained on; repeatable.", rich_help_panel=DECLARED),
    ] = None,
    hardware: Annotated[
        str | None, typer.Option(help="Hardware that the method ran on.", rich_help_panel=DECLARED)
    ] = None,
    paper: Annotated[str | None, typer.Option(help="Address of the paper.", rich_help_panel=DECLARED)] = None,
    code: Annotated[str | None, typer.Option(help="Address of the code.", rich_help_panel=DECLARED)] = None,
) -> None:
    """Score SR images that were made elsewhere against HR images, paired by stem.

    With a face set in place of the HR images, --out adds records to a results folder, which bench pack and bench verify
    treat as those of any model.

    Examples:
      priorsr bench score sr/ hr/ --protocol dic@1
      priorsr bench score sr/ faces --split val --protocol dic@1 \\
        --name 'Their method' --out results
    """
    from priorsr.bench.made_elsewhere.folders import read_pairs
    from priorsr.data import FaceSet
    from priorsr.errors import OptionError

    by_face = None if pairs is None else read_pairs(pairs)
    if (hr / "manifest.json").exists():
        if split is None:
            raise OptionError(f"{hr} is a face set; --split with one of its splits was expected")
        _records(
            *(sr, FaceSet.open(hr), split, protocol, by_face),
            name=name or sr.resolve().stem,
            out=out,
            lr=lr,
            scores=beside or (),
            prior=prior,
            training=training,
            hardware=hardware,
            links={key: value for key, value in (("paper", paper), ("code", code)) if value},
            as_json=as_json,
        )
        return
    given = {"--out": out, "--split": split, "--lr": lr, "--score": beside, "--name": name}
    given |= {"--training": training, "--hardware": hardware, "--paper": paper, "--code": code}
    given["--prior"] = None if prior == "none" else prior
    for option, value in given.items():
        if value is not None:
            raise OptionError(
                f"{option} is for a face set, and {hr} is a folder or a zip of images: make one with "
                f"'priorsr data import folder {hr} FACES', and give FACES in its place"
            )
    _show(_pairs_scored(sr, hr, protocol, by_face), as_json)


def _pairs_scored(sr: Path, hr: Path, protocols: Sequence[str], by_face: Mapping[str, str] | None) -> list[ImageScores]:
    from priorsr.bench.made_elsewhere.image_scores import pairs_of_folders, score_pairs
    from priorsr.bench.running.progress import progress
    from priorsr.metrics import load_protocol

    loaded = [load_protocol(each) for each in protocols]
    found = pairs_of_folders(sr, hr, by_face)
    with progress(errors, str(sr), len(found), 0) as advance:
        return score_pairs(found, loaded, advance)


def _show(found: Sequence[ImageScores], as_json: bool) -> None:
    from priorsr.bench.board.numbers import half_width, number, score_label
    from priorsr.continued_table import ContinuedTable

    if as_json:
        print_json(
            [
                {
                    "protocol": each.protocol,
                    "hash": each.hash,
                    "scores": {name: score.model_dump(mode="json") for name, score in each.scores.items()},
                }
                for each in found
            ]
        )
        return
    table = ContinuedTable("protocol", named_by=2)
    for heading in ("score", "images", "value", "95 %"):
        table.add_column(heading, no_wrap=True)
    for each in found:
        shown = each.protocol
        for name, score in each.scores.items():
            values = number(score.value, score), half_width(score.interval95, score)
            table.add_row(styled(shown), styled(score_label(name)), str(len(score.per_image)), *values)
            shown = ""
    console.print(table)


def _records(
    sr: Path,
    face_set: FaceSet,
    split: str,
    protocols: Sequence[str],
    by_face: Mapping[str, str] | None,
    *,
    name: str,
    out: Path | None,
    lr: Path | None,
    scores: Sequence[str],
    prior: PriorSource,
    training: Sequence[str] | None,
    hardware: str | None,
    links: Mapping[str, str],
    as_json: bool,
) -> None:
    from priorsr.bench import run, tables
    from priorsr.bench.board.terminal_tables import LEGEND
    from priorsr.bench.made_elsewhere.recording import declared_by, record_images
    from priorsr.bench.running.run_plan import adapted

    loaded = [adapted(each, face_set) for each in protocols]
    found = record_images(
        sr,
        face_set,
        split,
        loaded,
        declared_by(name, prior, training, links, hardware),
        out=out,
        scores=scores,
        pairs=by_face,
        lr=lr,
        command=command_line(),
    )
    if as_json:
        print_json([record.model_dump(mode="json") for record in found])
        return
    beside: list[Record] = []
    if out is not None:
        beside = run(
            "bicubic", data=face_set, split=split, protocols=loaded, out=out, scores=scores, command=command_line()
        )
    for table in tables([*beside, *found]):
        console.print(table)
        console.print()
    console.print(LEGEND, style="dim")
    for absent, reason in found[0].absent.items():
        errors.print(f"{absent} is left out: {reason}", soft_wrap=True)
