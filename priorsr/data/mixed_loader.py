"""Training batches drawn from several face sets and Datasets of pairs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from priorsr.containers import Batch, Prior
from priorsr.data.augmentation import Augmentation, Draws
from priorsr.data.dataset_pairs import Pairs
from priorsr.data.face_set import FaceSet
from priorsr.data.loader import FaceLoader, choose_priors
from priorsr.data.order import Order
from priorsr.data.pair_loader import PairLoader
from priorsr.data.reduction import USUAL, Reduction
from priorsr.errors import DataError, OptionError


class MixedLoader:
    """Training batches of one split of several face sets, and of Datasets of pairs: every batch mixes their faces.

    sources: face sets and pairs, each with its weight: the number of times a face is drawn, relative to a face of
        weight 1 (see `priorsr.data.order.Order`). With all weights 1, every face is drawn once an epoch.
    split: the split of the face sets; all pairs of a Dataset are used.
    priors: the priors to load, which every face of every source must have; by default, those that all faces have. The
        priors of two sources may come from different tools.
    batch_size, reduction, seed, flip, quarter_turns, zoom, shard: see `FaceLoader`. Pairs contain their LR images; only
        the scale of the reduction applies to them.

    Raises what `FaceLoader` and `PairLoader` raise; DataError for sources whose images differ in size, or whose priors
    differ in label map or landmark scheme; OptionError for a weight that is not above 0.
    """

    def __init__(
        self,
        sources: Sequence[tuple[FaceSet | Pairs, float]],
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
        for source, weight in sources:
            if not (np.isfinite(weight) and weight > 0):
                raise OptionError(f"{_name(source)}: its weight is {weight}; a finite number above 0 was expected")
        common = _common_priors([source for source, _ in sources], split, priors)

        def loader(source: FaceSet | Pairs) -> FaceLoader | PairLoader:
            if isinstance(source, Pairs):
                return PairLoader(source, batch_size=batch_size, scale=reduction.scale, seed=seed, priors=common)
            return FaceLoader(source, split, batch_size=batch_size, reduction=reduction, shard=shard, priors=common)

        self._loaders = [loader(source) for source, _ in sources]
        self._check_alike(common)
        self.priors, self.batch_size = common, batch_size
        self._seed, self._shard = seed, shard
        self._order = Order([len(loader.ids) for loader in self._loaders], seed, [weight for _, weight in sources])
        self._augmentation = Augmentation(flip, quarter_turns, zoom)
        for each in self._loaders:
            each.check_augmentation(self._augmentation)

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of batches in an epoch, of all processes together."""
        return -(-self._order.faces_per_epoch // (self.batch_size * self._shard[1]))

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step, counted from 0 without an end.

        The batch is a function of the seed and the step only, if each item of a Dataset is a function of its place and
        of the seeded generators (see `priorsr.data.Pairs.read`).
        """
        epoch, step_in_epoch = divmod(step, self.steps_per_epoch)
        rank, world = self._shard
        start = epoch * self._order.faces_per_epoch + (step_in_epoch * world + rank) * self.batch_size
        drawn = self._order.faces(start, self.batch_size)
        draws = self._augmentation.draw(self.batch_size, (self._seed, step), self._shard)
        parts, order = [], []
        for which, loader in enumerate(self._loaders):
            slots = [slot for slot, (source, _) in enumerate(drawn) if source == which]
            if slots:
                places = [drawn[slot][1] for slot in slots]
                parts.append(self._part(loader, places, [start + slot for slot in slots], draws.pick(slots)))
                order += slots
        return parts[0] if len(parts) == 1 else _joined(parts, np.argsort(order))

    def _part(self, loader: FaceLoader | PairLoader, places: list[int], numbers: list[int], draws: Draws) -> Batch:
        """Return faces of one source, augmented, in the order of their places."""
        if isinstance(loader, PairLoader):
            pairs = loader.take(places, numbers)
            self._augmentation.move(pairs, draws)
            return pairs.batch()
        faces = loader.take(places)
        self._augmentation.apply(faces, loader.reduction, draws)
        return faces.batch()

    def _check_alike(self, priors: Sequence[str]) -> None:
        first, *others = self._loaders
        for other in others:
            facts = {"images": [f"{loader.size[0]} x {loader.size[1]}" for loader in (first, other)]}
            if "parsing" in priors:
                facts["label maps"] = [loader.label_map_name for loader in (first, other)]
            if "landmarks" in priors:
                facts["landmark schemes"] = [loader.landmark_scheme_name for loader in (first, other)]
            for fact, (one, two) in facts.items():
                if one != two:
                    raise DataError(
                        f"{other.name}: its {fact} are {two}, and those of {first.name} are {one}; the same were "
                        "expected of data that are trained on together"
                    )


def _name(source: FaceSet | Pairs) -> str:
    return str(source if isinstance(source, Pairs) else source.path)


def _common_priors(sources: Sequence[FaceSet | Pairs], split: str, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    def priors_of(source: FaceSet | Pairs) -> tuple[str, ...]:
        if isinstance(source, Pairs):
            return source.priors if asked is None else asked
        return choose_priors(source, split, asked)

    found = [(_name(source), priors_of(source)) for source in sources]
    every = list(dict.fromkeys(prior for _, has in found for prior in has))
    common = tuple(prior for prior in every if all(prior in has for _, has in found))
    for name, has in found:
        for prior in sorted(set(every) - set(has)):
            warnings.warn(f"{name}: has no {prior} in {split}, so it is not loaded from the other sets", stacklevel=4)
    return common


def _joined(parts: Sequence[Batch], order: np.ndarray) -> Batch:
    """Join the faces of several sources, in this order."""

    def join(group: Sequence[Tensor | None]) -> Tensor | None:
        there = [tensor for tensor in group if tensor is not None]
        return torch.cat(there)[torch.from_numpy(order)] if there else None

    every = sum((part.ids for part in parts), ())
    prior = Prior(*map(join, zip(*(part.prior for part in parts), strict=True)))
    lr, hr = (torch.cat(images)[torch.from_numpy(order)] for images in zip(*(part[:2] for part in parts), strict=True))
    return Batch(lr, hr, prior, tuple(every[place] for place in order))
