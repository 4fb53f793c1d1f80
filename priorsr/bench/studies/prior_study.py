"""Studies of priors: score one model with its ground-truth prior and with worse ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from torch import nn

from priorsr.bench.running.benchmark import Benchmark
from priorsr.bench.running.entries import Entry, ModelLike, as_entry, baseline
from priorsr.bench.running.given_priors import NOTHING, estimator_name, ground_truth
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.scoring.evaluation import ready_to_score
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.store.records import Record
from priorsr.bench.studies.corruptions import Case, Source, attempt, cases, check_estimator, used_parts
from priorsr.bench.studies.prior_report import PriorRow, PriorStudy, write_study
from priorsr.bench.studies.study_scores import RuleFacts, ScoreFacts, row_scores, shared_scores
from priorsr.data import FaceSet
from priorsr.errors import OptionError
from priorsr.estimators.estimator_spec import estimator_from_spec
from priorsr.metrics import Protocol
from priorsr.version import __version__

SHIFTS, BLURS = (1.0, 2.0, 4.0, 8.0, 16.0), (1.0, 2.0, 4.0, 8.0)


def priors(
    model: ModelLike,
    *,
    data: str | Path | FaceSet,
    split: str,
    out: str | Path,
    estimator: str | Path | nn.Module | None = None,
    shifts: Sequence[float] = SHIFTS,
    blurs: Sequence[float] = BLURS,
    protocols: Sequence[str | Path | Protocol] = ("priorsr@1",),
    scores: Sequence[str] = (),
    name: str | None = None,
    batch_size: int = 16,
    save_outputs: bool = True,
    rerun: bool = False,
    device: str = "auto",
    command: str | None = None,
) -> PriorStudy:
    """Score a model with its ground-truth prior, with estimated ones, and with degraded ones.

    model: one whose prior is "required" or "optional", as `priorsr.bench.run` takes it; name: its label.
    estimator: a registered name, a weights file, or an object that finds the model's kind of prior in the HR images,
        and in the LR images enlarged bicubically. Without one, these rows are left out, with the reason.
    shifts: HR pixels to the right. blurs: sigmas of a Gaussian in HR pixels. Further rows: the prior of the next face
    in
        the order of the ids, one without information, and none at all if the model allows that. A row that the model
        refuses is left out with the reason.
    out: a results folder with a record for each row, kept as by `priorsr.bench.run`, and with priors.json (also
        returned), priors.md and priors.png (of the first protocol's first score).
    The other options are those of `priorsr.bench.run`. Differences are relative to the ground truth on the
    same faces, with intervals over images. Raises PriorsrError for every mistake in these.
    """
    entry = as_entry(model, name)
    if entry.model.prior == "none":
        raise OptionError(f"the model {entry.facts.label!r} takes no prior; one that does was expected")
    plan = RunPlan.check(
        data,
        split,
        protocols,
        out,
        scores=scores,
        batch_size=batch_size,
        save_outputs=save_outputs,
        rerun=rerun,
        device=device,
        command=command,
    )
    bench = Benchmark(plan)
    finder = None if estimator is None else estimator_from_spec(estimator)
    tried = list(cases(shifts, blurs, none_too=entry.model.prior == "optional"))
    found: dict[Case, list[Record]] = {case: [] for case in tried}
    left_out: dict[Case, str] = {}
    bicubic: list[Record] = []
    uses: tuple[str, ...] = ()
    bench.sweep()
    for group in bench.groups(with_priors=True):
        truth = ground_truth(entry, group.loader)
        source = Source(truth, group.loader, finder, group.protocols[0].hr_size, group.reduction.scale, plan.device)
        with ready_to_score(entry.model, plan.device) as ready:
            uses = used_parts(ready, source)
            if finder:
                check_estimator(finder, uses, source)
            attempts = {case: attempt(case, source, ready) for case in tried}
        bench.store_faces(group)
        bicubic += bench.records(baseline(group.reduction.scale), NOTHING, group)
        for case, prior in attempts.items():
            if isinstance(prior, str):
                left_out[case] = prior
            else:
                found[case] += bench.records(_labelled(entry, case), prior, group)
    every = [*bicubic, *(record for records in found.values() for record in records)]
    shared = {
        protocol.id: shared_scores(record for record in every if record.protocol.id == protocol.id)
        for protocol in plan.protocols
    }
    scores_of = {
        record.id: scores for protocol, names in shared.items() for record, scores in _scored(found, protocol, names)
    }
    study = PriorStudy(
        format=2,
        model=entry.facts,
        uses=uses,
        estimator=estimator_name(finder) if finder else None,
        data=plan.data,
        protocols=tuple(protocol_facts(protocol) for protocol in plan.protocols),
        rows=tuple(_row(case, found[case], scores_of, left_out.get(case)) for case in tried),
        baseline={
            protocol: {name: _under(protocol, bicubic).scores[name].mean for name in names}
            for protocol, names in shared.items()
        },
        absent=plan.extra_scores.absent,
        statistics=RuleFacts(),
        scorer_version=__version__,
        created=datetime.now(UTC).replace(microsecond=0),
        command=command,
    )
    write_study(study, plan.out)
    return study


def _labelled(entry: Entry, case: Case) -> Entry:
    """Return the model under a label that names its prior; with the true prior it keeps its own label."""
    if case.damage == "ground-truth":
        return entry
    label = f"{entry.facts.label}, prior {case.label}"
    return dataclasses.replace(entry, facts=entry.facts.model_copy(update={"label": label}))


def _row(
    case: Case, records: Sequence[Record], scores_of: Mapping[str, dict[str, ScoreFacts]], left_out: str | None
) -> PriorRow:
    """Return the row of a case. scores_of: by the record's id."""
    return PriorRow(
        label=case.label,
        damage=case.damage,
        amount=case.amount,
        prior=records[0].prior if records else None,
        records={record.protocol.id: record.id for record in records},
        scores={record.protocol.id: scores_of[record.id] for record in records},
        left_out=left_out,
    )


def _scored(
    found: Mapping[Case, Sequence[Record]], protocol: str, names: Iterable[str]
) -> Iterable[tuple[Record, dict[str, ScoreFacts]]]:
    """Return the records under a protocol with their scores; the first, of the true prior, is the base of all."""
    records = [record for case in found.values() for record in case if record.protocol.id == protocol]
    return zip(records, row_scores([[record] for record in records], names), strict=True)


def _under(protocol: str, records: list[Record]) -> Record:
    return next(record for record in records if record.protocol.id == protocol)
