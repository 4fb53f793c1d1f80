"""A record of scores that were just computed by the code that is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from priorsr.bench.scoring.scorer import scorer_hash
from priorsr.bench.store.model_facts import TrainingFacts
from priorsr.bench.store.outputs import OutputFacts
from priorsr.bench.store.records import FORMAT, Record, ResultIdentity
from priorsr.bench.store.run_facts import Environment
from priorsr.bench.store.score_facts import (
    ExtraScoreFacts,
    ImageHashes,
    RecordedScore,
    RecordedSetScore,
    Statistics,
)
from priorsr.bench.store.values import Links
from priorsr.sources import Component
from priorsr.version import __version__


def finished_record(
    identity: ResultIdentity,
    ran: OutputFacts | Environment,
    *,
    training: TrainingFacts,
    components: Iterable[Component],
    links: Links,
    images: dict[str, ImageHashes],
    scores: dict[str, RecordedScore],
    set_scores: Mapping[str, RecordedSetScore],
    extra_scores: dict[str, ExtraScoreFacts],
    absent: dict[str, str],
    outputs_kept: bool,
    command: str | None,
) -> Record:
    """Return the record of a result, made now by the scoring code that is installed.

    ran: how the model was run; of images that were made elsewhere, where they were scored. components: all that took
    part. absent: scores that were asked for and left out, with the reason. command: what made the record.
    """
    run = ran if isinstance(ran, OutputFacts) else None
    return Record(
        format=FORMAT,
        id=identity.record_id,
        origin="run" if run else "images",
        model=identity.model,
        training=training,
        protocol=identity.protocol,
        data=identity.data,
        prior=identity.prior,
        components=tuple(sorted(components)),
        links=links,
        images=images,
        scores=scores,
        set_scores=dict(set_scores),
        extra_scores=extra_scores,
        absent=absent,
        statistics=Statistics(interval="Hall's t over images"),
        cost=run.cost if run else None,
        execution=run.execution if run else None,
        kernel_backends=run.kernel_backends if run else {},
        environment=ran.environment if isinstance(ran, OutputFacts) else ran,
        outputs=identity.outputs_id if outputs_kept else None,
        scorer_version=__version__,
        scorer_hash=scorer_hash(),
        created=datetime.now(UTC).replace(microsecond=0),
        command=command,
    )
