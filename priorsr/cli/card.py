"""Show a card of weights: its facts as lines, its training data a line a set, its scores as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from priorsr.cli.console import console
from priorsr.continued_table import ContinuedTable
from priorsr.terminal import styled

_FIRST = ("psnr", "ssim", "msssim")
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]


def show_card(card: Mapping[str, Any]) -> None:
    """Print a card. A part of another form than `priorsr train` and `weights pack` write is printed as JSON."""
    scores = card.get("scores")
    for name, value in card.items():
        if name == "data" and isinstance(value, list):
            for part in value:
                console.print(f"data: {_data(part)}", markup=False, soft_wrap=True)
        elif name != "scores" or not _are_by_protocol(scores):
            console.print(f"{name}: {_json(value)}", markup=False, soft_wrap=True)
    if _are_by_protocol(scores):
        console.print(_table(scores))


def _data(part: Any) -> str:
    """Return a set of training data in words."""
    known = {"name", "version", "split", "count", "hash"}
    if not isinstance(part, Mapping) or not known <= part.keys():
        return _json(part)
    words = f"{part['name']} {part['version']}, {part['split']}: {part['count']} faces, hash {str(part['hash'])[:12]}"
    weight = part.get("weight", 1)
    return "; ".join([words, *([] if weight == 1 else [f"weight {weight}"]), *_priors(part.get("priors"))])


def _priors(priors: Any) -> Iterator[str]:
    if not isinstance(priors, Mapping):
        return
    for name, about in priors.items():
        if not isinstance(about, Mapping) or "tool" not in about:
            yield f"{name} {_json(about)}"
            continue
        source = about.get("estimated_from")
        yield f"{name} by {about['tool']} {about.get('version', '')}".rstrip() + (
            f", estimated from {source}" if source else ""
        )


def _are_by_protocol(scores: Any) -> TypeGuard[Scores]:
    """Return whether scores are as `weights pack` writes them: by protocol and data, then by name."""
    return (
        isinstance(scores, Mapping)
        and bool(scores)
        and all(
            isinstance(row, Mapping)
            and all(isinstance(cell, Mapping) and isinstance(cell.get("value"), int | float) for cell in row.values())
            for row in scores.values()
        )
    )


def _table(scores: Scores) -> ContinuedTable:
    every = dict.fromkeys(name for row in scores.values() for name in row)
    names = sorted(every, key=lambda name: not name.startswith(_FIRST))
    table = ContinuedTable("scores under", title="Scores: mean, and half its 95 % interval")
    for name in names:
        table.add_column(styled(name), justify="right", no_wrap=True)
    for where, row in scores.items():
        table.add_row(styled(where), *(styled(_cell(row[name])) if name in row else "" for name in names))
    return table


def _cell(cell: Mapping[str, Any]) -> str:
    match cell.get("interval95"):
        case [int() | float() as low, int() | float() as high]:
            return f"{cell['value']:.4g} ±{(high - low) / 2:.2g}"
    return f"{cell['value']:.4g}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
