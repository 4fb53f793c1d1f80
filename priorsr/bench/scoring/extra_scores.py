"""Find the available scores beside the protocol's, and describe them in records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from priorsr.bench.store.model_facts import TrainingFacts
from priorsr.bench.store.score_facts import ExtraScoreFacts
from priorsr.errors import MissingExtraError, MissingWeightsError, OptionError
from priorsr.files import without_home
from priorsr.kinds import Score, SetScore
from priorsr.metrics import Protocol
from priorsr.models.weights import weights_hash
from priorsr.registry import create, offer_of
from priorsr.sources import Component, components_of, score_use


class ExtraScores(NamedTuple):
    """Scores of kind `score` that are available, and those that are not, with the reason."""

    present: dict[str, Any]
    absent: dict[str, str]

    @property
    def of_images(self) -> dict[str, Score]:
        """Return the scores of single images."""
        return {name: score for name, score in self.present.items() if not _of_sets(score)}

    @property
    def of_sets(self) -> dict[str, SetScore]:
        """Return the scores of a set as a whole, such as FID."""
        return {name: score for name, score in self.present.items() if _of_sets(score)}

    @classmethod
    def find(cls, names: Sequence[str], protocols: Sequence[Protocol]) -> ExtraScores:
        """Build the scores of these names.

        Raises UnknownNameError, and OptionError where a protocol has a score of that name.
        """
        present: dict[str, Any] = {}
        absent: dict[str, str] = {}
        for name in names:
            taken = [protocol.id for protocol in protocols if name in protocol.scoring.scores]
            if taken:
                raise OptionError(
                    f"the score {name!r} is asked for beside {taken[0]}, which has one of that name itself"
                )
            try:
                present[name] = create("score", name)
            except (MissingExtraError, MissingWeightsError) as error:
                absent[name] = without_home(str(error))
        return cls(present, absent)

    def absent_beside(self, there: Collection[str]) -> dict[str, str]:
        """Return the absent scores, without those that a record has from an earlier run."""
        return {name: reason for name, reason in self.absent.items() if name not in there}

    def to(self, device: torch.device) -> None:
        """Move the scores' networks to a device."""
        for score in self.present.values():
            if isinstance(score, nn.Module):
                score.to(device)

    def facts(self, training: TrainingFacts) -> dict[str, ExtraScoreFacts]:
        """Return the record's description of each score, for a model of this training."""
        return {name: _facts(score, training) for name, score in self.present.items()}

    @property
    def components(self) -> tuple[Component, ...]:
        """Return the components that the scores are made of."""
        return tuple(part for name, score in self.present.items() for part in components_of([score], score_use(name)))


def _of_sets(score: Any) -> bool:
    return getattr(score, "level", "image") == "set"


def _facts(score: Any, training: TrainingFacts) -> ExtraScoreFacts:
    offer = offer_of("score", type(score))
    networks = tuple(getattr(score, "networks", ()))
    return ExtraScoreFacts(
        name=offer.reference,
        version=offer.version,
        weights_hash=weights_hash(score) if isinstance(score, nn.Module) and score.state_dict() else None,
        networks=networks,
        trained_with=_both(networks, training.networks),
    )


def _both(networks: Sequence[str], trained: Any) -> Any:
    """Return the score's networks that took part in training, which lists them as "name in the recipe: class"."""
    if not networks or trained == "unknown":
        return "unknown" if networks else ()
    classes = {network.rpartition(": ")[2] for network in trained}
    return tuple(network for network in networks if network in classes)
