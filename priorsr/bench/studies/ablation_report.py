"""The result of an ablation: its file, its tables and its picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Annotated

from pydantic import Field, JsonValue
from rich.table import Table

from priorsr.bench.board.numbers import duration, engineering, milliseconds
from priorsr.bench.store.run_facts import Environment, PriorFacts
from priorsr.bench.store.values import Count, Hash, Id, RecordPart
from priorsr.bench.studies.study_report import (
    CORRECTED,
    StudyFacts,
    StudyRow,
    draw_study,
    score_sections,
    terminal_table,
)
from priorsr.bench.studies.study_scores import ScoreFacts
from priorsr.bench.studies.variants import BASE, named
from priorsr.files import atomic_json, atomic_text
from priorsr.text import printable

Positive = Annotated[int, Field(ge=1)]

_COSTS = ("parameters", "MACs", "steps", "a step", "training")


class RunFacts(RecordPart):
    """A training run. folder: beside the file. records: by protocol id.

    training_seconds: of all its training steps; seconds_per_step: of the stage that is scored. Both exclude validation
    and saving. device, threads, versions: of its training.
    """

    seed: Count
    folder: str
    weights_hash: Hash
    training_seconds: float
    seconds_per_step: float
    device: str
    threads: Positive
    versions: dict[str, str]
    records: dict[str, Id]


class VariantFacts(RecordPart):
    """A variant of the recipe. changes: the differences to the base. prior: the prior of the scored model.

    steps: of each stage; stage: the one that trains the scored model last. scores: by protocol id and score; the base's
    have no difference.
    """

    name: str
    changes: dict[str, JsonValue]
    prior: PriorFacts
    steps: dict[str, Positive]
    stage: str
    parameters: Count
    macs: Count
    runs: Annotated[tuple[RunFacts, ...], Field(min_length=1)]
    scores: dict[str, dict[str, ScoreFacts]]


class Ablation(StudyFacts):
    """The result of an ablation: variants trained for the same number of steps, with several seeds each.

    preset, overrides: of the base. vary: the requested values; base_values: those that the base has already.
    product: the module that is scored. environment: of the scoring.
    variants: the base first.
    """

    recipe: str
    preset: str | None
    overrides: dict[str, JsonValue]
    vary: dict[str, tuple[JsonValue, ...]]
    base_values: dict[str, JsonValue]
    full: bool
    steps: Positive
    seeds: Positive
    product: str
    variants: tuple[VariantFacts, ...]
    environment: Environment


def write_ablation(ablation: Ablation, out: Path) -> None:
    """Write ablation.json, ablation.md and ablation.png, each whole or not at all."""
    atomic_json(out / "ablation.json", ablation.model_dump(mode="json"))
    atomic_text(out / "ablation.md", printable(markdown(ablation), keep="\n"))
    protocol = ablation.protocols[0].id
    name, bicubic = next(iter(ablation.baseline[protocol].items()))
    over = "seeds and faces" if ablation.seeds > 1 else "faces: of these checkpoints alone"
    dots = f"Dots: {_seeds(ablation)}. " if ablation.seeds > 1 else ""
    draw_study(
        _rows(ablation, protocol, name),
        out / "ablation.png",
        name=name,
        base=BASE,
        levels={"base": ablation.variants[0].scores[protocol][name].mean, "bicubic": bicubic},
        title=f"{ablation.recipe}: its {ablation.product} after {ablation.steps:,} steps",
        note=f"{protocol}, {ablation.data.count} faces of {ablation.data.name}, {ablation.data.split}. "
        f"{dots}Lines: 95 % intervals over {over}; on the right of paired differences.",
    )


def markdown(ablation: Ablation) -> str:
    """Return the ablation as a page in Markdown."""
    base = ", ".join(filter(None, (f"preset {ablation.preset}" if ablation.preset else "", named(ablation.overrides))))
    parts = [
        f"# Ablation of {ablation.recipe}",
        f"Base: {base or 'the recipe as it is'}. Every run has {ablation.steps:,} steps over all its stages, on "
        f"{ablation.data.name}; its {ablation.product!r} is scored on {ablation.data.count} faces of "
        f"{ablation.data.split}. Each variant has {_seeds(ablation)}. Prior given: {_priors(ablation)}.",
        _meaning(ablation),
    ]
    parts += score_sections(ablation, partial(_rows, ablation), first="variant", base=BASE, further=_COSTS)
    parts.append(
        f"Steps are those of the stage that trains {ablation.product!r} last. Times are of training steps alone. "
        f"{_trained_on(ablation)}"
    )
    return "\n\n".join(parts) + "\n"


def summary(ablation: Ablation) -> Table:
    """Return the first protocol's first score, for the terminal."""
    protocol = ablation.protocols[0].id
    name = next(iter(ablation.baseline[protocol]))
    title = f"{ablation.recipe}, {ablation.product} after {ablation.steps:,} steps, {protocol} on {ablation.data.name}"
    return terminal_table(_rows(ablation, protocol, name), first="variant", name=name, base=BASE, title=title)


def _rows(ablation: Ablation, protocol: str, name: str) -> list[StudyRow]:
    return [
        StudyRow(_label(ablation, variant), variant.scores[protocol].get(name), _costs(variant))
        for variant in ablation.variants
    ]


def _label(ablation: Ablation, variant: VariantFacts) -> str:
    """Return a variant's name; that of the base lists the requested values that it has already."""
    own = named(ablation.base_values)
    return f"{variant.name} ({own})" if own and variant is ablation.variants[0] else variant.name


def _costs(variant: VariantFacts) -> list[str]:
    return [
        engineering(variant.parameters),
        engineering(variant.macs),
        f"{variant.steps[variant.stage]:,}",
        milliseconds(1000 * fmean(run.seconds_per_step for run in variant.runs)),
        duration(fmean(run.training_seconds for run in variant.runs)),
    ]


def _seeds(ablation: Ablation) -> str:
    return f"{ablation.seeds} training seeds" if ablation.seeds > 1 else "one training seed"


def _priors(ablation: Ablation) -> str:
    """Return the priors that the models were given, by model where they differ."""
    given: dict[str, list[str]] = {}
    for variant in ablation.variants:
        given.setdefault(variant.prior.source.replace("-", " "), []).append(variant.name)
    return "; ".join(source + (f" ({', '.join(names)})" if len(given) > 1 else "") for source, names in given.items())


def _trained_on(ablation: Ablation) -> str:
    """Return the machines and versions that trained the runs; a folder may have been filled on several days."""
    runs = [run for variant in ablation.variants for run in variant.runs]
    places = dict.fromkeys(f"{run.device} ({run.threads} thread{'s' * (run.threads > 1)})" for run in runs)
    versions = dict.fromkeys(", ".join(f"{name} {version}" for name, version in run.versions.items()) for run in runs)
    unlike = "" if len(places) == len(versions) == 1 else " Not all runs were trained alike: see ablation.json."
    return f"Trained on {' and on '.join(places)}, with {'; or with '.join(versions)}.{unlike}"


def _meaning(ablation: Ablation) -> str:
    if ablation.seeds > 1:
        return f"Intervals are over seeds and faces; differences are paired by face. {CORRECTED}"
    return (
        "With one seed each, intervals are over faces, and differences are between these two checkpoints: another seed "
        f"of the same method may differ by as much. Several seeds are needed to compare the methods. {CORRECTED}"
    )
