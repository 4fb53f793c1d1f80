"""Records as tables: one for each protocol, data, split and scorer, and never two hashes of those in one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from priorsr.bench.board.pairwise import PairwiseTests
from priorsr.bench.board.rows import Row, make_tables
from priorsr.bench.statistics.verdicts import Comparison
from priorsr.bench.store.records import Record, check_same_inputs
from priorsr.bench.store.run_facts import DataFacts, Environment, ProtocolFacts
from priorsr.bench.store.score_facts import RecordedScore
from priorsr.bench.store.verification import Verification
from priorsr.errors import PriorsrError


@dataclass(frozen=True)
class Leaderboard:
    """The records that may stand in one table.

    protocol_title, data_title: their names; with the start of a hash where one name has two.
    scores: the columns: the protocol's own scores first, then the others. The first one ranks.
    ranked: best first. given_prior: those with a prior from beyond the LR image, best first, not
    ranked with the others. baseline: one of the rows.
    smallest_difference: by score, the smallest difference that this test set can show between two of its rows with a
    power of 80 %, in a single comparison: the median over all pairs of ranked rows, without the baseline if two
    others are left. None without pairs or finite values.
    tests: (whether of `given_prior`, score) -> the tests of all pairs.
    """

    protocol: ProtocolFacts
    data: DataFacts
    protocol_title: str
    data_title: str
    scores: tuple[str, ...]
    baseline: Row | None
    ranked: tuple[Row, ...]
    given_prior: tuple[Row, ...]
    smallest_difference: Mapping[str, float | None]
    tests: Mapping[tuple[bool, str], PairwiseTests]

    @property
    def title(self) -> str:
        """Return protocol and data in a phrase."""
        return f"{self.protocol_title} on {self.data_title}"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return every row, ranked or not."""
        return self.ranked + self.given_prior

    @property
    def records(self) -> list[Record]:
        """Return every row's records."""
        return [record for row in self.rows for record in row.records]

    @property
    def environments(self) -> list[Environment]:
        """Return the environments of the rows; latencies compare within one only."""
        return list(dict.fromkeys(record.environment for record in self.records))

    @property
    def scorer_versions(self) -> list[str]:
        """Return the versions of priorsr that scored the rows."""
        return sorted({record.scorer_version for record in self.records})

    @property
    def absent(self) -> dict[str, str]:
        """Return the scores that were asked for and left out, with the reason."""
        return {name: reason for record in self.records for name, reason in record.absent.items()}

    @property
    def pooled(self) -> bool:
        """Return whether the protocol pools images, so that a score is not the mean of the images' scores."""
        return any(score.value != score.mean for record in self.records for score in record.scores.values())

    def example(self, score: str) -> RecordedScore:
        """Return one record's score of that name, for what all rows share: its unit and direction."""
        return next(record.scores[score] for record in self.records if score in record.scores)

    def between(self, ours: Row, theirs: Row, score: str) -> Comparison:
        """Compare two rows of one table in a score, ours - theirs; `p_holm` is corrected for all pairs of the table.

        Raises PriorsrError where either lacks the score, or one is ranked and the other is not.
        """
        for beyond in (False, True):
            tests = self.tests.get((beyond, score))
            if tests and ours in tests and theirs in tests:
                return tests.between(ours, theirs)
        raise PriorsrError(f"{self.title}: {ours.label!r} and {theirs.label!r} are not in one table with {score!r}")


def leaderboards(
    records: Iterable[Record], verifications: Mapping[str, Verification] | None = None
) -> list[Leaderboard]:
    """Sort records into tables, by data set, split and protocol, priorsr's own protocol first.

    Two hashes under one protocol id, or under one data set's name, are two tables, whose titles then show the hashes;
    so are two hashes of the scoring code. verifications: by the record's id, see `read_verifications`.

    Raises PriorsrError where records of one table are not of the same HR and LR images.
    """
    groups = by_table(records)
    facts = [(group[0].protocol, group[0].data) for group in groups.values()]
    protocols = _titles({protocol.hash: protocol.id for protocol, _ in facts})
    sets = _titles({data.hash: data.name for _, data in facts})
    scorers = Counter((data, split, protocol) for data, split, protocol, _ in groups)
    boards = []
    tables = make_tables(groups.values(), verifications or {})
    for ((data, split, protocol, scorer), group), rows in zip(groups.items(), tables, strict=True):
        by = f", scored by {scorer[:8]}" if scorers[data, split, protocol] > 1 else ""
        boards.append(_leaderboard(group, rows, protocols[protocol] + by, f"{sets[data]} {split}"))
    return sorted(
        boards, key=lambda board: (board.data_title, not board.protocol.id.startswith("priorsr@"), board.protocol_title)
    )


def by_table(records: Iterable[Record]) -> dict[tuple[str, str, str, str], list[Record]]:
    """Return the records that may stand in one table, by the hashes of data, protocol and scorer, and the split."""
    groups: dict[tuple[str, str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.data.hash, record.data.split, record.protocol.hash, record.scorer_hash].append(record)
    return groups


def is_baseline(record: Record) -> bool:
    """Return whether a record is the row that the others are compared with."""
    return (record.model.distribution, record.model.name) == ("priorsr", "bicubic")


def _titles(names: Mapping[str, str]) -> dict[str, str]:
    """Return a name for each hash, with the start of the hash where several hashes have one name."""
    uses = Counter(names.values())
    return {digest: name if uses[name] == 1 else f"{name} ({digest[:8]})" for digest, name in names.items()}


def _leaderboard(records: Sequence[Record], rows: Sequence[Row], protocol_title: str, data_title: str) -> Leaderboard:
    check_same_inputs(records)
    names = tuple(dict.fromkeys(name for record in records for name in record.scores))
    base = next((row for row in rows if is_baseline(row.record)), None)
    tables = {beyond: [row for row in rows if row.beyond_lr is beyond] for beyond in (False, True)}
    tests = {
        (beyond, name): PairwiseTests.of(table if base is None or base in table else [*table, base], name)
        for beyond, table in tables.items()
        for name in names
    }
    ranked, given_prior = (
        _finished(table, base, {name: tests[beyond, name] for name in names}) for beyond, table in tables.items()
    )
    return Leaderboard(
        protocol=records[0].protocol,
        data=records[0].data,
        protocol_title=protocol_title,
        data_title=data_title,
        scores=names,
        baseline=next((row for row in ranked if is_baseline(row.record)), None),
        ranked=ranked,
        given_prior=given_prior,
        smallest_difference={name: tests[False, name].smallest_difference(base) for name in names},
        tests=tests,
    )


def _finished(rows: Sequence[Row], base: Row | None, tests: Mapping[str, PairwiseTests]) -> tuple[Row, ...]:
    """Return a table's rows with their scores, best first."""
    scores = {name: found.scores(rows, base) for name, found in tests.items()}
    finished = (
        replace(row, scores={name: found[row.record.id] for name, found in scores.items() if row.record.id in found})
        for row in rows
    )
    return tuple(sorted(finished, key=lambda row: _order(row, next(iter(tests)))))


def _order(row: Row, name: str) -> tuple[float, str, str]:
    if name not in row.scores:
        return float("inf"), row.label, row.record.id
    score = row.scores[name]
    return (-score.value if score.higher_is_better else score.value), row.label, row.record.id
