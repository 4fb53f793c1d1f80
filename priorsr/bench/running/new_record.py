"""The record of a model that was run."""

from __future__ import annotations

from collections.abc import Mapping

from priorsr.bench.running.entries import Entry
from priorsr.bench.running.finished import earlier_record
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.scoring.evaluation import Evaluation
from priorsr.bench.scoring.finished_record import finished_record
from priorsr.bench.scoring.scorer import is_current, known_components
from priorsr.bench.scoring.summaries import score_facts
from priorsr.bench.store.outputs import OutputFacts
from priorsr.bench.store.records import Record, ResultIdentity
from priorsr.bench.store.score_facts import RecordedSetScore
from priorsr.metrics import Protocol
from priorsr.sources import Component, score_use


def new_record(
    plan: RunPlan,
    entry: Entry,
    components: tuple[Component, ...],
    identity: ResultIdentity,
    protocol: Protocol,
    found: Evaluation,
    of_set: Mapping[str, RecordedSetScore],
    facts: OutputFacts,
) -> Record:
    """Make the record of a model under a protocol.

    An earlier record's extra scores by the same code and images are kept, also if they are not requested now.
    components: all that took part in the record.
    """
    scores = score_facts(found, protocol, plan.extra_scores.of_images)
    extra_scores = plan.extra_scores.facts(entry.training)
    earlier = None if plan.rerun else earlier_record(plan, identity)
    ran = [part for part in components if part.used_for in ("inference", "prior")]
    if earlier and is_current(earlier, ran) and earlier.images == found.images:
        kept = earlier.extra_scores.keys() - extra_scores.keys()  # asked for then, and not now
        uses = set(map(score_use, kept))
        components += tuple(part for part in known_components(earlier) if part.used_for in uses)
        scores |= {name: earlier.scores[name] for name in earlier.scores if name in kept}
        of_set = {**of_set, **{name: earlier.set_scores[name] for name in earlier.set_scores if name in kept}}
        extra_scores |= {name: earlier.extra_scores[name] for name in earlier.extra_scores if name in kept}
    return finished_record(
        identity,
        facts,
        training=entry.training,
        components=components,
        links=entry.links,
        images=found.images,
        scores=scores,
        set_scores=of_set,
        extra_scores=extra_scores,
        absent=plan.extra_scores.absent_beside(extra_scores),
        outputs_kept=plan.save_outputs,
        command=plan.command,
    )
