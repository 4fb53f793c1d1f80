"""Training batches drawn from several face sets."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from priorsr.containers import Batch
from priorsr.data.augmentation import Augmentation, Faces
from priorsr.data.face_set import FaceSet
from priorsr.data.loader import FaceLoader, choose_priors
from priorsr.data.order import Order
from priorsr.data.reduction import USUAL, Reduction
from priorsr.errors import DataError, OptionError


class MixedLoader:
    """Training batches of one split of several face sets: every batch mixes their faces.

    face_sets: the sets and their weights, how often a face of each is drawn relative to a face of weight 1. See
        `priorsr.data.order.Order`; with all weights 1, every face is seen once an epoch.
    priors: those to load, which every face of every set must have; where it is not given, those that all have. The sets
        may differ in what made their priors.
    batch_size, reduction, seed, flip, quarter_turns, zoom, shard: as `FaceLoader` takes them.

    Raises what `FaceLoader` raises; DataError for sets whose images differ in size, or whose priors differ in label map
    or landmark scheme; OptionError for a weight that is not above 0.
    """

    def __init__(
        self,
        face_sets: Sequence[tuple[FaceSet, float]],
        split: str,
        *,
        batch_size: int,
        reduction: Reduction = USUAL,
        seed: int = 0,
        flip: bool = False,
        quarter_turns: bool = False,
        zoom: float = 1.0,
        shard: tuple[int, int] = (0, 1),
        priors: tuple[str, ...] | None = None,
    ) -> None:
        for faces, weight in face_sets:
            if not (np.isfinite(weight) and weight > 0):
                raise OptionError(f"{faces.path}: its weight is {weight}; a finite number above 0 was expected")
        common = _common_priors([faces for faces, _ in face_sets], split, priors)
        self._loaders = [
            FaceLoader(faces, split, batch_size=batch_size, reduction=reduction, shard=shard, priors=common)
            for faces, _ in face_sets
        ]
        self._check_alike(common)
        self.priors, self.batch_size = common, batch_size
        self._seed, self._shard = seed, shard
        self._order = Order([len(loader.ids) for loader in self._loaders], seed, [weight for _, weight in face_sets])
        self._augmentation = Augmentation(flip, quarter_turns, zoom)
        for loader in self._loaders:
            self._augmentation.check(loader.face_set, common, loader.size)

    @property
    def steps_per_epoch(self) -> int:
        """Return how many batches an epoch takes, by all processes together."""
        return -(-self._order.faces_per_epoch // (self.batch_size * self._shard[1]))

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step, counted from 0 and without end.

        A function of the seed and the step alone.
        """
        epoch, step_in_epoch = divmod(step, self.steps_per_epoch)
        rank, world = self._shard
        start = epoch * self._order.faces_per_epoch + (step_in_epoch * world + rank) * self.batch_size
        faces = self._take(self._order.faces(start, self.batch_size))
        self._augmentation.apply(faces, self._loaders[0].reduction, (self._seed, step), self._shard)
        return faces.batch()

    def _take(self, drawn: Sequence[tuple[int, int]]) -> Faces:
        """Return copies of faces, each named as (set, place in the set), in this order."""
        by_set = [[place for which, place in drawn if which == index] for index in range(len(self._loaders))]
        parts = [loader.take(places) for loader, places in zip(self._loaders, by_set, strict=True) if places]
        return _in_order(parts, np.argsort(np.argsort([which for which, _ in drawn], kind="stable")))

    def _check_alike(self, priors: Sequence[str]) -> None:
        first, *others = self._loaders
        for other in others:
            facts = {"images": [f"{loader.size[0]} x {loader.size[1]}" for loader in (first, other)]}
            if "parsing" in priors:
                facts["label maps"] = [loader.face_set.label_map.name for loader in (first, other)]
            if "landmarks" in priors:
                facts["landmark schemes"] = [loader.face_set.landmark_scheme.name for loader in (first, other)]
            for fact, (one, two) in facts.items():
                if one != two:
                    raise DataError(
                        f"{other.face_set.path}: its {fact} are {two}, and those of {first.face_set.path} are {one}; "
                        "the same were expected of sets that are trained on together"
                    )


def _common_priors(face_sets: Sequence[FaceSet], split: str, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    found = {faces.path: choose_priors(faces, split, asked) for faces in face_sets}
    common = tuple(prior for prior in ("parsing", "landmarks") if all(prior in has for has in found.values()))
    for path, has in found.items():
        for prior in sorted(set().union(*found.values()) - set(has)):
            warnings.warn(f"{path}: has no {prior} in {split}, so it is not loaded from the other sets", stacklevel=4)
    return common


def _in_order(parts: Sequence[Faces], order: np.ndarray) -> Faces:
    """Join faces of several sets, and put them in this order."""
    joined = parts[0]
    if len(parts) > 1:
        landmarks = [part.landmarks for part in parts if part.landmarks is not None]
        valid = [part.valid for part in parts if part.valid is not None]
        parsing = [part.parsing for part in parts if part.parsing is not None]
        joined = Faces(
            sum((part.ids for part in parts), ()),
            np.concatenate([part.hr for part in parts]),
            np.concatenate([part.lr for part in parts]),
            np.concatenate(parsing) if parsing else None,
            torch.cat(landmarks) if landmarks else None,
            torch.cat(valid) if valid else None,
            joined.labels,
        )
    return joined.pick(order)
