"""Records as tables: one for each protocol hash, data hash and split, and never two of those in one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from priorsr.bench.records import DataFacts, Environment, ProtocolFacts, Record, Score
from priorsr.bench.statistics.bootstrap import Difference, paired_difference


@dataclass(frozen=True)
class Row:
    """A record in a table. `differences`: to the baseline's scores on the same images; the baseline itself has none."""

    record: Record
    differences: Mapping[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaderboard:
    """The records that may stand in one table.

    protocol_title, data_title: their names; with the start of their hashes where one name has two.
    scores: the columns: the protocol's own scores first, then the others. The first one ranks.
    ranked: best first. given_prior: those with a prior from beyond the LR image, best first, not
    ranked with the others.
    """

    protocol: ProtocolFacts
    data: DataFacts
    protocol_title: str
    data_title: str
    scores: tuple[str, ...]
    baseline: Record | None
    ranked: tuple[Row, ...]
    given_prior: tuple[Row, ...]

    @property
    def title(self) -> str:
        """Protocol and data in a phrase."""
        return f"{self.protocol_title} on {self.data_title}"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, ranked or not."""
        return self.ranked + self.given_prior

    @property
    def environments(self) -> list[Environment]:
        """Where the rows were run; latencies compare within one only."""
        return list(dict.fromkeys(row.record.environment for row in self.rows))

    @property
    def scorer_versions(self) -> list[str]:
        """The versions of priorsr that scored the rows."""
        return sorted({row.record.scorer_version for row in self.rows})

    @property
    def absent(self) -> dict[str, str]:
        """Scores that were asked for and left out, with the reason."""
        return {name: reason for row in self.rows for name, reason in row.record.absent.items()}

    @property
    def pooled(self) -> bool:
        """Whether the protocol pools images, so that a score is not the mean of the images' scores."""
        return any(score.value != score.mean for row in self.rows for score in row.record.scores.values())

    def example(self, score: str) -> Score:
        """One row's score of that name, for what all rows share: its unit and direction."""
        return next(row.record.scores[score] for row in self.rows if score in row.record.scores)


def leaderboards(records: Iterable[Record]) -> list[Leaderboard]:
    """Sort records into tables, by data set, split and protocol, priorsr's own protocol first.

    Two hashes under one protocol id, or under one data set's name, are two tables, whose titles then show the hashes.
    """
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.data.hash, record.data.split, record.protocol.hash].append(record)
    facts = [(group[0].protocol, group[0].data) for group in groups.values()]
    protocols = _titles({protocol.hash: protocol.id for protocol, _ in facts})
    sets = _titles({data.hash: data.name for _, data in facts})
    boards = [
        _leaderboard(group, protocols[protocol], f"{sets[data]} {split}")
        for (data, split, protocol), group in groups.items()
    ]
    return sorted(
        boards, key=lambda board: (board.data_title, not board.protocol.id.startswith("priorsr@"), board.protocol_title)
    )


def is_baseline(record: Record) -> bool:
    """Whether a record is the row that the others are compared with."""
    return (record.model.distribution, record.model.name) == ("priorsr", "bicubic")


def _titles(names: Mapping[str, str]) -> dict[str, str]:
    """Hash -> name, with the start of the hash where several hashes have one name."""
    uses = Counter(names.values())
    return {digest: name if uses[name] == 1 else f"{name} ({digest[:8]})" for digest, name in names.items()}


def _leaderboard(records: Sequence[Record], protocol_title: str, data_title: str) -> Leaderboard:
    scores = tuple(dict.fromkeys(name for record in records for name in record.scores))
    base = next(filter(is_baseline, records), None)
    rows = sorted((_row(record, base) for record in records), key=lambda row: _rank(row.record, scores[0]))
    return Leaderboard(
        protocol=records[0].protocol,
        data=records[0].data,
        protocol_title=protocol_title,
        data_title=data_title,
        scores=scores,
        baseline=base,
        ranked=tuple(row for row in rows if not row.record.prior.beyond_lr),
        given_prior=tuple(row for row in rows if row.record.prior.beyond_lr),
    )


def _rank(record: Record, score: str) -> tuple[float, str, str]:
    if score not in record.scores:
        return float("inf"), record.model.label, record.id
    found = record.scores[score]
    return (-found.value if found.higher_is_better else found.value), record.model.label, record.id


def _row(record: Record, base: Record | None) -> Row:
    if base is None or record is base:
        return Row(record)
    return Row(
        record,
        {
            name: paired_difference(score.per_image, base.scores[name].per_image)
            for name, score in record.scores.items()
            if name in base.scores
        },
    )
