"""A table's rows: the records of one method, one a training seed, and their scores together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from priorsr.bench.board.row_labels import common_label, unique_labels
from priorsr.bench.statistics.means import Scope, estimate_mean
from priorsr.bench.statistics.samples import Sample, make_samples
from priorsr.bench.statistics.verdicts import Comparison
from priorsr.bench.store.records import Record
from priorsr.bench.store.verification import TIERS, Verification


@dataclass(frozen=True)
class RowScore:
    """A score of a row.

    value: as the protocol aggregates it; mean: of the images; both are means over the seeds.
    interval95, over: of `mean`, see `MeanEstimate`; always computed from the images' scores, whatever rule a record's
        own intervals are of. per_seed: each seed's `value`. per_image: by face, the mean over the seeds.
    ranks: the interval of the row's rank among those of its table, see `priorsr.bench.statistics.ranking`.
    difference: to the baseline; None for the baseline, and where it lacks the score.
    """

    value: float
    mean: float
    interval95: tuple[float, float] | None
    over: Scope
    unit: Literal["dB", ""]
    higher_is_better: bool
    per_seed: tuple[float, ...]
    per_image: Mapping[str, float]
    ranks: tuple[int, int]
    difference: Comparison | None


@dataclass(frozen=True)
class Row:
    """A method, or one checkpoint of it, in a table.

    records: one a training seed, in the seeds' order. label: see `priorsr.bench.board.row_labels`.
    seeds: empty for a model without training, and where the seed is unknown.
    tier: of the record that was verified least, see `priorsr.bench.submissions`. stale: that a record has changed since
        it was verified, so that its verification does not count. not_checked: scores that were not computed again when
        the others were, and so do not count as verified, and why.
    scores: by name.
    """

    records: tuple[Record, ...]
    label: str
    seeds: tuple[int, ...]
    tier: int
    stale: bool
    not_checked: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, RowScore] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        """Return the first seed's record, for what all share: model, config, prior, cost."""
        return self.records[0]

    @property
    def tier_words(self) -> str:
        """Return in words how far the row's scores were verified."""
        left = f", but not {', '.join(self.not_checked)}" if self.not_checked else ""
        return TIERS[self.tier] + left + (", changed since it was verified" if self.stale else "")

    @property
    def beyond_lr(self) -> bool:
        """Return whether it was given a prior made of more than the LR image; such rows are ranked apart."""
        return self.record.prior.beyond_lr

    @property
    def over_seeds(self) -> bool:
        """Return whether it is a method with several training seeds, and no single checkpoint."""
        return len(self.records) > 1

    def sample(self, score: str) -> Sample:
        """Return a score that all its records have, as (seeds, images), the images in the order of their ids."""
        (sample,) = make_samples([[record.scores[score].per_image for record in self.records]])
        return sample._replace(trained=self.record.training.seed is not None)

    @property
    def score_names(self) -> list[str]:
        """Return the scores that all its records have."""
        return [name for name in self.record.scores if all(name in record.scores for record in self.records)]


def make_tables(tables: Iterable[Iterable[Record]], verifications: Mapping[str, Verification]) -> list[list[Row]]:
    """Return the rows of the records of each table, without their scores, labelled alike in all tables."""
    made = [make_rows(records, verifications) for records in tables]
    rows = iter(tell_apart([row for table in made for row in table]))
    return [[next(rows) for _ in table] for table in made]


def tell_apart(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with unique labels; the same row under another protocol keeps its label."""
    labels = unique_labels([row.label for row in rows], [_facts(row) for row in rows])
    return [replace(row, label=label) for row, label in zip(rows, labels, strict=True)]


def make_rows(records: Iterable[Record], verifications: Mapping[str, Verification]) -> list[Row]:
    """Return the rows of records of one table, without their scores.

    Records of one method and prior with different training seeds make one row. A record with an unknown seed, or with
    a seed that the row has already (a training run repeated elsewhere), makes a row of its own.
    """
    rows: dict[tuple[object, ...], dict[object, Record]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: (record.created, record.id)):
        key: tuple[object, ...] = (record.training.method, record.prior)
        seed: object = record.training.seed
        if not isinstance(seed, int) or seed in rows[key]:
            key = (*key, record.id)
        rows[key][seed] = record
    return [_row(list(found.values()), verifications) for found in rows.values() if found]


def scored(row: Row, name: str, sample: Sample, ranks: tuple[int, int], difference: Comparison | None) -> RowScore:
    """Return a row's result in a score that all its records have; `sample`: `row.sample(name)`."""
    scores = [record.scores[name] for record in row.records]
    first = scores[0]
    values = tuple(score.value for score in scores)
    estimate = estimate_mean(sample)
    means = sample.values.mean(axis=0).tolist()
    return RowScore(
        value=sum(values) / len(values),
        mean=estimate.mean,
        interval95=estimate.interval95,
        over=estimate.over,
        unit=first.unit,
        higher_is_better=first.higher_is_better,
        per_seed=values,
        per_image=dict(zip(sorted(first.per_image), means, strict=True)),
        ranks=ranks,
        difference=difference,
    )


def _row(records: Sequence[Record], verifications: Mapping[str, Verification]) -> Row:
    ordered = sorted(records, key=lambda record: record.training.seed if isinstance(record.training.seed, int) else -1)
    found = [verifications.get(record.id) for record in ordered]
    valid = [known if known and known.is_of(record) else None for known, record in zip(found, ordered, strict=True)]
    tier = min(known.tier if known else 0 for known in valid)
    return Row(
        records=tuple(ordered),
        label=common_label([record.model.label for record in ordered], ordered[0].model.name),
        seeds=tuple(record.training.seed for record in ordered if isinstance(record.training.seed, int)),
        tier=tier,
        stale=any(known and not fresh for known, fresh in zip(found, valid, strict=True)),
        not_checked=_not_checked(ordered, valid) if tier else {},
    )


def _not_checked(records: Iterable[Record], verifications: Iterable[Verification | None]) -> dict[str, str]:
    """Return the scores that verifications left out, and why."""
    return {
        name: reason
        for record, known in zip(records, verifications, strict=True)
        if known
        for name, reason in known.not_checked.items()
        if name in record.scores or name in record.set_scores
    }


def _facts(row: Row) -> tuple[str, ...]:
    """Return what distinguishes a row, whatever scored it, in words that can follow its label."""
    model, prior = row.record.model, row.record.prior
    given = f"given {prior.source}" + (f" by {prior.by}" if prior.by else "") if prior.source != "none" else "no prior"
    form = f"accelerated, {model.precision}" if model.accelerated else model.precision
    return model.name, given, form, row.record.checkpoint[:8], row.record.training.method[:8]
