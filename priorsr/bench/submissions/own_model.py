"""A submission's model as it is here, and what its weights and its class declare against what the records do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from priorsr.bench.running.entries import Entry, entry_of
from priorsr.bench.scoring.scorer import known_components
from priorsr.bench.store.records import Record
from priorsr.bench.store.values import Links
from priorsr.bench.submissions.archive import WEIGHTS
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import Difference, different_parts
from priorsr.errors import DataError, OptionError, PriorsrError
from priorsr.models import EncoderDecoder
from priorsr.models.weights import load_file
from priorsr.options import from_file
from priorsr.reading.fitting import built_for
from priorsr.registry import create, find
from priorsr.sources import Component

_MODEL = ("distribution", "name", "weights_hash", "config", "precision", "accelerated")


def own_model(bundle: Bundle) -> Entry:
    """Return the model of a submission: of its weights, or, where it has no parameters, by its name.

    Raises OptionError for a submission without weights of a model that has some, DataError for broken weights, and
    UnknownNameError for a model that is not installed.
    """
    record = bundle.records[0]
    if bundle.has_weights:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / WEIGHTS
            bundle.archive.copy(WEIGHTS, path)
            try:
                module = load_file(path)
            except PriorsrError as error:
                raise type(error)(str(error).replace(f"{folder}/", "")) from error
    elif record.training.seed is None:
        with built_for({}, bundle.path), from_file():
            module = create("model", _reference(record), **_options(record.model.config))
    else:
        raise OptionError("brings no weights, so no face can be run again")
    return entry_of(module, record.model.label)


def model_differences(record: Record, entry: Entry) -> Iterator[Difference]:
    """Yield what of a record's model, training, links and parameters is not as the weights and their card state."""
    yield from different_parts(f"{record.id}: model", record.model, entry.facts, _MODEL)
    said, found = record.model.card, entry.facts.card
    for key in sorted(said.keys() | found.keys()):
        if said.get(key) != found.get(key):
            yield Difference(f"{record.id}: model.card.{key}", said.get(key), found.get(key))
    training = ("networks", "seed") if record.format == 1 else ("data", "networks", "seed")  # 1 has data in words
    yield from different_parts(f"{record.id}: training", record.training, entry.training, training)
    if record.format != 1:
        for part, said_words, found_words in (
            ("links", _in_words(record.links), _in_words(entry.links)),
            ("components of training", _trained_by(known_components(record)), _trained_by(entry.components)),
        ):
            if said_words != found_words:
                yield Difference(f"{record.id}: {part}", said_words, found_words)
    parameters = sum(parameter.numel() for parameter in entry.model.parameters())
    if record.cost and parameters != record.cost.parameters:
        yield Difference(f"{record.id}: cost.parameters", record.cost.parameters, parameters)


def check_prior(record: Record, entry: Entry | None) -> None:
    """Raise DataError for a record of no prior whose model, as far as it is known here, cannot run without one."""
    if record.prior.source != "none":
        return
    if entry.model.prior == "required" if entry else _class_requires_prior(record):
        raise DataError(
            f"the record {record.id} is of the model {record.model.name!r} without a prior, which that model requires; "
            "the prior that it was given was expected"
        )


def _class_requires_prior(record: Record) -> bool:
    """Return whether the installed class of a record's model cannot run without a prior; False for one that is not."""
    try:
        component = find("model", _reference(record))
    except PriorsrError:
        return False
    if issubclass(component, EncoderDecoder):  # whose config decides
        return record.model.config.get("fusion", getattr(component.Config, "fusion", None)) is not None
    return getattr(component, "prior", None) == "required"


def _reference(record: Record) -> str:
    return f"{record.model.distribution}:{record.model.name}"


def _options(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}


def _in_words(links: Links) -> str:
    return ", ".join(f"{name}: {url}" for name, url in sorted(links.items())) or "nothing"


def _trained_by(components: tuple[Component, ...]) -> str:
    """Return the components that took part in training, in words."""
    return (
        ", ".join(
            f"{part.kind} {part.distribution}:{part.name} {part.version} ({part.hash:.12})"
            for part in sorted(components)
            if part.used_for == "training"
        )
        or "unknown"
    )
