"""The priors that a model is given beside the LR image, and their description in records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from priorsr.bench.running.entries import Entry
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.containers import Batch, Prior
from priorsr.data import FaceLoader
from priorsr.errors import DataError
from priorsr.estimators.estimator_spec import identity_of
from priorsr.models.enlarging import enlarge
from priorsr.sources import Component, components_of

PriorChoice = Literal["none", "ground-truth"]


@dataclass(frozen=True)
class GivenPrior:
    """A prior for every batch of a split; `of` returns None if the model gets no prior.

    components: the components that made it, as far as known.
    """

    facts: PriorFacts
    of: Callable[[Batch], Prior | None]
    components: tuple[Component, ...] = ()


NOTHING = GivenPrior(PriorFacts(source="none", by=None), lambda _: None)


def chosen_prior(entry: Entry, choice: PriorChoice, loader: FaceLoader) -> GivenPrior:
    """Return the prior that a model gets: none unless it requires one, or accepts one and `choice` asks for it.

    Otherwise it gets the face set's: the ground truth, or the estimated priors of such a set (`priorsr data priors`).
    Raises DataError if not every face of the split has one.
    """
    return own_priors(entry, loader) if takes_prior(entry, choice) else NOTHING


def takes_prior(entry: Entry, choice: PriorChoice) -> bool:
    """Return whether a model is to be given the ground-truth prior."""
    return entry.model.prior == "required" or (entry.model.prior == "optional" and choice == "ground-truth")


def own_priors(entry: Entry, loader: FaceLoader) -> GivenPrior:
    """Return the faces' own priors, known or estimated.

    Raises DataError if not every face of the split has one, and for priors that were estimated from other LR images
    than the model gets: these may show more than its own LR images do.
    """
    if not loader.priors:
        raise DataError(
            f"{loader.face_set.path}: the model {entry.facts.label!r} is to be given the faces' prior, and not every "
            f"face of the split {loader.split!r} has a parsing map or landmarks"
        )
    makers = {str(part): maker for part, maker in loader.face_set.manifest.priors.items()}
    by = "; ".join(f"{part}: {makers[part].tool} {makers[part].version}" for part in loader.priors)
    seen = {makers[part].estimated_from for part in loader.priors}
    scored = loader.reduction
    for maker in (makers[part] for part in loader.priors if makers[part].estimated_from == "lr"):
        if (maker.reduction, maker.scale) != (scored.kernel, scored.scale):
            raise DataError(
                f"{loader.face_set.path}: its priors were estimated from LR images by {maker.reduction} at scale "
                f"{maker.scale}; the LR images that are scored, by {scored.kernel} at scale {scored.scale}, were "
                "expected"
            )
    source: Literal["ground-truth", "estimated-from-hr", "estimated-from-lr"] = "ground-truth"
    if seen != {None}:
        source = "estimated-from-lr" if seen == {"lr"} else "estimated-from-hr"
    components = tuple(sorted({part for prior in loader.priors for part in makers[prior].components}))
    return GivenPrior(PriorFacts(source=source, by=by), lambda batch: batch.prior, components)


def ground_truth(entry: Entry, loader: FaceLoader) -> GivenPrior:
    """Return the faces' own priors; raises DataError if not every face of the split has one, or they are estimated."""
    given = own_priors(entry, loader)
    if given.facts.source != "ground-truth":
        raise DataError(
            f"{loader.face_set.path}: its priors are {given.facts.source} ({given.facts.by}); known ones, to which "
            "others are compared, were expected"
        )
    return given


def corrupted(truth: GivenPrior, how: str, corrupt: Callable[[Prior], Prior]) -> GivenPrior:
    """Return the ground truth made worse by `how`."""
    return GivenPrior(_corrupted(truth, how), lambda batch: corrupt(batch.prior), truth.components)


def of_the_next_face(truth: GivenPrior, loader: FaceLoader) -> GivenPrior:
    """Return for each face the ground truth of the next face in the order of the ids; the last one gets the first's."""
    after = dict(zip(loader.ids, (*loader.ids[1:], loader.ids[0]), strict=True))
    facts = _corrupted(truth, "the next face's")
    return GivenPrior(facts, lambda batch: loader.faces([after[face] for face in batch.ids]).prior, truth.components)


def estimated(
    estimator: nn.Module,
    source: Literal["estimated-from-hr", "estimated-from-lr"],
    scale: int,
    device: torch.device,
) -> GivenPrior:
    """Return the priors that an estimator finds in the HR images, or in the LR images enlarged bicubically.

    If it finds landmarks, its heatmaps are left out, since the ground truth has none and they may cover another window.
    """

    def of(batch: Batch) -> Prior:
        images = batch.hr if source == "estimated-from-hr" else enlarge(batch.lr, scale).clamp(0, 1)
        with torch.inference_mode():
            found: Prior = estimator.to(device)(images.to(device))[0]
        return found if found.landmarks is None else found._replace(heatmaps=None)

    facts = PriorFacts(source=source, by=estimator_name(estimator))
    return GivenPrior(facts, of, components_of([estimator], "prior"))


def estimator_name(estimator: nn.Module) -> str:
    """Return an estimator's name, version, and the start of its weights' hash."""
    tool, version, weights = identity_of(estimator)
    return " ".join(filter(None, (tool, version, weights and f"({weights[:12]})")))


def _corrupted(truth: GivenPrior, how: str) -> PriorFacts:
    return PriorFacts(source="corrupted", by=f"{how}, of {truth.facts.by}")
