"""Write the findings on a submission to a board in Markdown: a comment for whoever sent it and whoever keeps the board.

Every word of the submission stands in a code span, in which nobody is mentioned and no link or image is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from priorsr.bench.board.board_file import Board
from priorsr.bench.board.board_tables import board_tables
from priorsr.bench.board.neighbours import Neighbours, neighbours
from priorsr.bench.board.numbers import half_width, interval, number, rank_interval, score_label
from priorsr.bench.board.rows import Row
from priorsr.bench.store.records import Record, images_hash
from priorsr.bench.store.results import read_results
from priorsr.bench.store.verification import TIERS, read_verifications
from priorsr.bench.submissions.verify import Report
from priorsr.text import one_line

SHOWN = 20  # differences; a submission may have thousands


def refusal_comment(reason: str) -> str:
    """Return the comment on a submission that cannot be verified, with the reason."""
    return f"### Not verified\n\n{code(reason)}\n"


def comment(report: Report, board: Board) -> str:
    """Return the comment on a submission: its differences, or its rows between their neighbours on the board."""
    parts = _differences(report) if report.differences else _rows(report, board)
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    """Return a text of anybody's as a code span that also stands in a table."""
    inside = one_line(text).replace("`", "'").replace("|", "\\|")
    return f"`{inside}`" if inside.strip() else "` `"


def _differences(report: Report) -> Iterator[str]:
    count = len(report.differences)
    yield f"### Not verified: {count} difference{'s' * (count > 1)}"
    yield "\n".join(f"- {code(str(difference))}" for difference in report.differences[:SHOWN])
    if count > SHOWN:
        yield f"and {count - SHOWN} more"


def _rows(report: Report, board: Board) -> Iterator[str]:
    own = {record.id: record for record in report.records}
    there = {record.id: record for record in read_results(board.folder)}
    tables = board_tables(board, (there | own).values(), read_verifications(board.folder))
    found = [place for place in (neighbours(tables, record) for record in own) if place]
    yield f"### Verified, tier {report.tier}: {TIERS[report.tier]}"
    yield f"{code(report.records[0].model.label)}, {_evidence(report)}."
    for place in found:
        yield f"#### {code(place.table.title)}"
        yield _table(place)
    notes = [f"not verified: {code(name)}: {code(reason)}" for name, reason in report.not_checked.items()]
    notes.append(f"declared, not checked: {_declared(report.records[0])}")
    notes += _remarks(report, found, [record for record in there.values() if record.id not in own])
    yield "\n".join(f"- {note}" for note in notes)


def _evidence(report: Report) -> str:
    recomputed = f"{report.recomputed} faces scored again from the images" if report.recomputed else ""
    rerun = f"{len(report.rerun)} faces run again from the weights" if report.rerun else ""
    return " and ".join(filter(None, (recomputed, rerun)))


def _table(found: Neighbours) -> str:
    """Return the rows around a row with all scores, and the difference to each in the first."""
    scores, first = found.table.scores, found.table.scores[0]
    lines = [["rank", "model", *map(score_label, scores), f"difference in {score_label(first)}", "verdict"]]
    lines.append(["---"] * len(lines[0]))
    for row in found.around:
        ours = row is found.row
        label = f"**{code(row.label)}**" if ours else code(row.label)
        rank = rank_interval(row.scores[first].ranks) if first in row.scores else ""
        difference = ["", ""] if ours else _difference(found, row, first)
        lines.append([rank, label, *(_score(row, name) for name in scores), *difference])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _score(row: Row, name: str) -> str:
    score = row.scores.get(name)
    return "absent" if score is None else f"{number(score.value, score)} {half_width(score.interval95, score)}".strip()


def _difference(found: Neighbours, other: Row, name: str) -> list[str]:
    """Return by how much the row differs from another in a score, and what it is in comparison."""
    if name not in found.row.scores or name not in other.scores:
        return ["", ""]
    compared, score = found.table.between(found.row, other, name), found.row.scores[name]
    bounds = interval(compared.interval95, score, sign=True)
    mean = number(compared.mean, score, sign=True)
    return [f"{mean} ({bounds})" if bounds else mean, compared.verdict_words]


def _declared(record: Record) -> str:
    """Return what is declared of a record and nothing checks."""
    data, hardware = record.training.data, record.model.card.get("hardware")
    facts = {
        "trained on": data if isinstance(data, str) else ", ".join(map(str, data)) or "nothing",
        "prior": " by ".join(filter(None, (record.prior.source, record.prior.by))),
        **({"hardware": str(hardware)} if hardware else {}),
        **{str(name): url for name, url in record.links.items()},
    }
    return "; ".join(f"{name} {code(value)}" for name, value in facts.items())


def _remarks(report: Report, found: Sequence[Neighbours], others: Iterable[Record]) -> Iterator[str]:
    """Yield what whoever keeps the board should look at: images that are there already, and a row that is joined."""
    images = {images_hash(record.images) for record in report.records}
    same = sorted({other.model.label for other in others if images_hash(other.images) in images})
    if same:
        yield f"the same images are on the board already, as {', '.join(map(code, same))}"
    if seeds := max((len(place.row.records) for place in found if place.row.over_seeds), default=0):
        yield f"it is in a row of {seeds} training seeds, which shows their mean"
