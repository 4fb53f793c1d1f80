"""Two models, or methods, compared on the same faces, score by score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from priorsr.bench.board.leaderboard import by_table
from priorsr.bench.board.rows import Row, make_tables, tell_apart
from priorsr.bench.board.selection import RowSelector
from priorsr.bench.statistics.samples import paired_differences
from priorsr.bench.statistics.signed_ranks import p_of_ranks
from priorsr.bench.statistics.verdicts import Comparison, compare_family
from priorsr.bench.store.records import Record, check_same_inputs
from priorsr.bench.store.results import read_results
from priorsr.errors import OptionError, UnknownNameError, did_you_mean


@dataclass(frozen=True)
class Compared:
    """Two rows of one table in one score.

    found: ours - theirs, as a comparison by itself. by_face: the differences, averaged over each row's seeds.
    p_ranks: Wilcoxon's p-value of the differences, which decides no verdict, see
    `priorsr.bench.statistics.signed_ranks`.
    better, worse: the number of faces on which ours is better or worse.
    """

    ours: Row
    theirs: Row
    score: str
    found: Comparison
    by_face: Mapping[str, float]
    p_ranks: float
    better: int
    worse: int

    @property
    def protocol(self) -> str:
        """Return the protocol's id."""
        return self.ours.record.protocol.id

    @property
    def data(self) -> str:
        """Return the faces, in a phrase."""
        data = self.ours.record.data
        return f"{data.count} faces of {data.name} {data.split}"

    @property
    def warning(self) -> str:
        """Return the limits of the comparison in words, or an empty text."""
        if self.found.over == "seeds and images":
            return ""
        return (
            "These two checkpoints are compared, not the methods that made them: two training seeds of one method can "
            "differ as surely. Score several seeds of each."
        )


def compare(
    ours: str, theirs: str, results: str | Path | None = None, *, protocols: Sequence[str] = ()
) -> list[Compared]:
    """Compare two rows under every protocol that both were scored under, in every score that both have.

    ours, theirs: a label, a record's id, a model (a training run's folder or a weights file), or a setting that one row
    alone has (such as "concat", see `RowSelector`), of the results folder; or a record's file. A label that several
    training seeds share is their method. protocols: only those of these ids.

    Raises UnknownNameError for a name of no row, OptionError for a name of several rows and for rows in no common
    table.
    """
    names = RowSelector(ours), RowSelector(theirs)
    records = _records(names, results)
    tables = make_tables(by_table(records).values(), {})
    found = []
    for pair in zip(*(name.rows(tables) for name in names), strict=True):
        couple = [row for row in pair if row]
        if len(couple) == 2 and (not protocols or couple[0].record.protocol.id in protocols):
            found.append(tell_apart(couple))
    if not found:
        _explain(names, tables, records, protocols)
    return [compared for one, other in sorted(found, key=_order) for compared in _compared(one, other)]


def _order(couple: Sequence[Row]) -> tuple[str, str, bool, str]:
    """Return the place of a comparison in the order of leaderboards."""
    record = couple[0].record
    protocol = record.protocol.id
    return record.data.name, record.data.split, not protocol.startswith("priorsr@"), protocol


def _records(names: Sequence[RowSelector], results: str | Path | None) -> list[Record]:
    files = [name.record for name in names if name.record]
    if results is None:
        missing = [name.text for name in names if not name.record]
        if missing:
            raise OptionError(f"{missing[0]!r} is no record's file, and no results folder is given to find it in")
    known = read_results(results) if results is not None else []
    there = {record.id for record in known}
    return known + [record for record in files if record.id not in there]


def _explain(
    names: Sequence[RowSelector], tables: Sequence[Sequence[Row]], records: Sequence[Record], protocols: Sequence[str]
) -> None:
    """Raise the reason why two names are in no table together."""
    for name in names:
        if not any(name.rows(tables)):
            raise name.unknown(row.label for table in tables for row in table)
    known = {record.protocol.id for record in records}
    for protocol in protocols:
        if protocol not in known:
            raise UnknownNameError(f"there is no record under {protocol!r}; {did_you_mean(protocol, known)}")
    raise OptionError(
        f"{names[0].text!r} and {names[1].text!r} were not scored under one protocol (by its hash) on one split by one "
        "scorer, so they cannot be compared"
    )


def _compared(ours: Row, theirs: Row) -> list[Compared]:
    check_same_inputs([*ours.records, *theirs.records])
    found = []
    for name in (name for name in ours.score_names if name in theirs.score_names):
        example = ours.record.scores[name]
        samples = (ours.sample(name), theirs.sample(name))
        (comparison,) = compare_family([samples], higher_is_better=example.higher_is_better)
        by_face = paired_differences(*samples)
        differences = by_face.tolist()
        sign = 1 if example.higher_is_better else -1
        found.append(
            Compared(
                ours=ours,
                theirs=theirs,
                score=name,
                found=comparison,
                by_face=dict(zip(sorted(example.per_image), differences, strict=True)),
                p_ranks=p_of_ranks(by_face),
                better=sum(sign * difference > 0 for difference in differences),
                worse=sum(sign * difference < 0 for difference in differences),
            )
        )
    return found
