"""Records of earlier runs that a run keeps."""

from __future__ import annotations

from priorsr.bench.running.entries import Entry
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.scoring.scorer import is_current, known_components
from priorsr.bench.store.outputs import outputs_match
from priorsr.bench.store.records import Record, ResultIdentity
from priorsr.bench.store.results import outputs_path, read_record, record_path, write_record
from priorsr.errors import DataError
from priorsr.sources import Component


def earlier_record(plan: RunPlan, identity: ResultIdentity) -> Record | None:
    """Return the record of an identity, whatever code made it; report and put aside a broken one, and return None."""
    path = record_path(plan.out, identity.record_id)
    try:
        return read_record(path) if path.exists() else None
    except DataError as error:
        aside = path.rename(path.with_suffix(".broken"))
        plan.report(f"{error}; it is kept as {aside.name}, and made again")
        return None


def finished_record(
    plan: RunPlan, entry: Entry, identity: ResultIdentity, components: tuple[Component, ...]
) -> Record | None:
    """Return the finished record of an earlier run, with today's label and card.

    None if there is none, or it lacks something.
    """
    record = earlier_record(plan, identity)
    if record is None or not is_current(record, components) or not _has_extra_scores(plan, record, entry):
        return None
    outputs = record.outputs is not None and outputs_match(outputs_path(plan.out, record.outputs), record.images)
    if plan.save_outputs and not outputs:
        return None
    ran = [part for part in known_components(record) if part.used_for != "training"]
    trained = [part for part in entry.components if part.used_for == "training"]
    absent = plan.extra_scores.absent_beside(record.extra_scores)
    changes = {
        "model": entry.facts.model_copy(update={"version": record.model.version}),
        "training": entry.training,
        "components": tuple(sorted([*ran, *trained])),
        "links": entry.links,
        "absent": {**record.absent, **absent},
    }
    current = record.model_copy(update=changes)
    if current != record:
        write_record(plan.out, current)
    return current


def _has_extra_scores(plan: RunPlan, record: Record, entry: Entry) -> bool:
    """Return whether a record has all extra scores that are asked for, made by the same networks."""
    for name, facts in plan.extra_scores.facts(entry.training).items():
        known = record.extra_scores.get(name)
        if known is None or known != facts.model_copy(update={"version": known.version}):
            return False
    return True
