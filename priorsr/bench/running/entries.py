"""Turn an object, a name, a weights file or a training run into a model to benchmark, with its identity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from torch import Tensor, nn

from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.values import Links
from priorsr.data import TrainingSet
from priorsr.errors import DataError, OptionError
from priorsr.models.foreign.wrapping import WrappedModel, wrap
from priorsr.models.model_spec import named_model
from priorsr.models.weights import weights_hash
from priorsr.reading.mistakes import first_mistake
from priorsr.registry import create, offer_of
from priorsr.sources import Component, components_of

BASELINE = "bicubic"
_LINKS: TypeAdapter[Links] = TypeAdapter(Links)

ModelLike = nn.Module | Callable[[Tensor], Any] | str | Path
"""A model in memory, any network or function that `priorsr.wrap` takes, or what `entry_from_spec` takes."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A model to benchmark, with its description in records.

    components: the components that run it and, by its weights, trained it. links: paper and code, from its card.
    source: the file of its weights, or its label, for error messages.
    """

    model: nn.Module
    facts: ModelFacts
    training: TrainingFacts
    components: tuple[Component, ...]
    links: Links
    source: str


def baseline(scale: int) -> Entry:
    """Return the entry of the row that every table has: bicubic enlargement by `scale`."""
    return entry_of(create("model", BASELINE, scale=scale), BASELINE)


def entry_of(model: nn.Module, label: str | None = None) -> Entry:
    """Return the entry of a model in memory that has its weights; `label` is its registered name unless given.

    Raises OptionError for an object that is not a model (it declares no `prior`).
    """
    if getattr(model, "prior", None) not in ("none", "optional", "required"):
        raise OptionError(
            f"the {type(model).__name__} given as model declares prior = {getattr(model, 'prior', None)!r}; "
            "'none', 'optional' or 'required' was expected"
        )
    accelerated = bool(getattr(model, "accelerated", False))  # then it tells of the model that it was made of
    wrapped = model if isinstance(model, WrappedModel) else None
    distribution, name, version = _origin(getattr(model, "original_class", type(wrapped.network if wrapped else model)))
    card = to_jsonable_python(getattr(model, "card", {}), fallback=_component_name)
    facts = ModelFacts(
        label=label or name,
        distribution=distribution,
        name=name,
        version=version,
        weights_hash=str(model.weights_hash) if accelerated else weights_hash(model),
        config=to_jsonable_python(getattr(model, "config", None) or {}, fallback=_component_name),
        card=card,
        precision=str(model.precision) if accelerated else _precision(model),
        accelerated=accelerated,
    )
    inner = wrapped.network if wrapped else model
    running = model.components if accelerated else components_of([inner], "inference")
    trained = [part for part in getattr(model, "made_by", None) or () if part.used_for == "training"]
    components = tuple(sorted({*running, *trained}))  # type: ignore[misc]  # an accelerated model's are components
    return Entry(model, facts, _training(model, facts), components, _links(facts), facts.label)


def as_entry(model: ModelLike, label: str | None = None) -> Entry:
    """Return the entry of a model or any network or function in memory, or of a model named as on the command line."""
    if isinstance(model, str | Path):
        return entry_from_spec(model, label)
    return entry_of(wrap(model), label)


def entry_from_spec(spec: str | Path, label: str | None = None) -> Entry:
    """Return the entry of a model that is named as on the command line.

    spec: as `model_from_spec` takes it, which raises. label: by default the name, or that of the file or folder.
    """
    path = Path(spec)
    named = path.resolve().name if path.is_dir() else path.stem if path.is_file() else str(spec)
    model, weights = named_model(spec)
    entry = entry_of(model, label or named)
    return entry if weights is None else replace(entry, source=str(weights))


def _origin(component: type) -> tuple[str, str, str]:
    """Return the distribution, name and version of a model's class.

    A class that is not registered goes by its own name.
    """
    try:
        offer = offer_of("model", component)
    except OptionError:
        return "unregistered", component.__qualname__, ""
    return offer.distribution, offer.name, offer.version


def _component_name(value: object) -> str:
    return value.__qualname__ if isinstance(value, type) else repr(value)


def _precision(model: nn.Module) -> str:
    """Return the shortest format of a model's floating-point weights, as `priorsr train --precision` calls it."""
    dtypes = {value.dtype for value in model.state_dict().values() if value.is_floating_point()}
    shortest = min(dtypes, key=lambda dtype: torch.finfo(dtype).bits, default=torch.float32)
    return "bf16" if shortest == torch.bfloat16 else str(shortest).removeprefix("torch.")


def _training(model: nn.Module, facts: ModelFacts) -> TrainingFacts:
    card = facts.card
    if next(model.parameters(), None) is None:
        return TrainingFacts(data=(), networks=(), seed=None, method=facts.method)
    seed = card.get("seed")
    return TrainingFacts(
        data=_training_data(card.get("data")),
        networks=_networks(card.get("networks")),
        seed=seed if type(seed) is int and seed >= 0 else "unknown",
        method=facts.method,
    )


def _training_data(value: Any) -> tuple[TrainingSet | str, ...] | Literal["unknown"]:
    """Return the data that a card declares: training sets as training writes them, and names; "unknown" without any."""
    if isinstance(value, Mapping) and "hash" in value:  # the one face set of an older card
        return (f"{value.get('name')} {value.get('version')} ({str(value['hash'])[:12]})",)
    return tuple(map(_training_set, value)) if isinstance(value, list | tuple) else "unknown"


def _training_set(part: Any) -> TrainingSet | str:
    try:
        return TrainingSet.model_validate(part)
    except ValidationError:
        return str(part)


def _networks(value: Any) -> tuple[str, ...] | Literal["unknown"]:
    """Return the networks that a card declares: in a list, or by their name in the recipe; "unknown" without any."""
    if isinstance(value, Mapping):
        return tuple(f"{name}: {network}" for name, network in value.items())
    return tuple(map(str, value)) if isinstance(value, list | tuple) else "unknown"


def _links(facts: ModelFacts) -> Links:
    """Return the links of a model's card; raises DataError for one that is no address of a page."""
    try:
        return _LINKS.validate_python(facts.card.get("links", {}))
    except ValidationError as error:
        raise DataError(f"the card of the model {facts.label!r}: {first_mistake(error, 'links')}") from error
