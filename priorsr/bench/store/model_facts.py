"""The parts of a record that describe a model and its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import JsonValue

from priorsr.bench.store.values import Count, Hash, Id, RecordPart
from priorsr.data import TrainingSet
from priorsr.files import sha256_json


class ModelFacts(RecordPart):
    """A model in records. `label` is its name in tables; all other fields except version and card identify it.

    weights_hash: null if the images were made elsewhere. precision: of its computation. accelerated: whether it is the
    accelerated form (`priorsr.accelerate`) of the model that has these weights.
    """

    label: str
    distribution: str
    name: str
    version: str
    weights_hash: Hash | None
    config: dict[str, JsonValue]
    card: dict[str, JsonValue]
    precision: str = "float32"
    accelerated: bool = False

    @property
    def method(self) -> str:
        """Return the id of the method: the same for all training seeds of one model, recipe, data and budget.

        Weights whose card names no recipe are a method of their own.
        """
        trained: Any = self.weights_hash
        if "recipe" in self.card:
            asked = {key: self.card.get(key) for key in ("recipe", "preset", "overrides", "stage", "precision")}
            minutes = self.card.get("minutes")
            budget = {"steps": self.card.get("steps")} if minutes is None else {"minutes": minutes}
            trained = {**asked, **budget, "data": _without_names(self.card.get("data"))}
        model = [self.distribution, self.name, self.config, self.precision, self.accelerated]
        return short_hash({"model": model, "training": trained})


class TrainingFacts(RecordPart):
    """A model's training as its card declares it: data sets, and networks that took part.

    data: face sets as training writes them, and what else a card names.
    seed: of the training; null for a model without parameters. method: `ModelFacts.method`, which all seeds share.
    """

    data: tuple[TrainingSet | str, ...] | Literal["unknown"]
    networks: tuple[str, ...] | Literal["unknown"]
    seed: Count | Literal["unknown"] | None
    method: Id


def _without_names(data: JsonValue) -> JsonValue:
    """Remove the names of face sets from the training data of a card; older cards have one set, not a list."""
    if isinstance(data, dict):
        return data.get("hash")
    if isinstance(data, list):
        return [
            {key: value for key, value in part.items() if key not in ("name", "version")}
            if isinstance(part, dict)
            else part
            for part in data
        ]
    return data


def short_hash(identity: Mapping[str, Any]) -> str:
    """Return the first digits of the hash of an identity."""
    return sha256_json(identity)[:16]
