"""Pairs of LR and HR images from a torch Dataset, each checked when it is read."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset, Subset

from priorsr.data.pair_checks import Pair, checked_pair
from priorsr.errors import DataError, OptionError
from priorsr.priors import label_map, landmark_scheme


class Pairs:
    """A map-style Dataset of (lr, hr) or (lr, hr, Prior) of one face each, as a source of faces to train on.

    lr (3,h,w) and hr (3,H,W): floating point in [0, 1], LR up to overshoot; of one size in all items. The prior's parts
    are a face's, without a batch: parsing (P,H,W), landmarks (L,2), valid (L), heatmaps (L,h,w). All items have the
    same parts.

    name: the Dataset's attribute `name` if that is a text, else its class's name; of a Subset, what it is taken from.
    Raises OptionError for a Dataset without places or length, or without items.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset: Any = dataset
        self.name = _name(dataset)
        if isinstance(dataset, IterableDataset):
            raise OptionError(
                f"{self}: is iterable only, so that a resumed run could not draw the faces that it would have drawn; a "
                "map-style Dataset, with __len__ and __getitem__, was expected"
            )
        sized: Any = dataset
        try:
            self._count = len(sized)
        except (TypeError, NotImplementedError) as error:
            raise OptionError(f"{self}: has no length; a map-style Dataset with __len__ was expected") from error
        if self._count < 1:
            raise OptionError(f"{self}: has {self._count} items; one or more were expected")

    def __str__(self) -> str:
        return f"the Dataset {self.name}"

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self._count

    @cached_property
    def first(self) -> Pair:
        """Return the first pair; all others must have the same sizes and the same parts of a prior."""
        return self._read(0, (0, 0))

    @property
    def size(self) -> tuple[int, int]:
        """Return the height and width of the HR images."""
        height, width = self.first.hr.shape[1:]
        return height, width

    @property
    def lr_size(self) -> tuple[int, int]:
        """Return the height and width of the LR images."""
        height, width = self.first.lr.shape[1:]
        return height, width

    @property
    def priors(self) -> tuple[str, ...]:
        """Return the parts of the prior that items have."""
        parts = ("parsing", "landmarks", "heatmaps")
        return tuple(part for part in parts if getattr(self.first.prior, part) is not None)

    def label_map_name(self) -> str:
        """Return the name of the parsing maps' label map; raises UnknownNameError for another number of classes."""
        assert self.first.prior.parsing is not None, "asked for only where there are maps"
        return label_map(self.first.prior.parsing.shape[0]).name

    def landmark_scheme_name(self) -> str:
        """Return the name of the landmarks' scheme; raises UnknownNameError for another number of points."""
        assert self.first.prior.landmarks is not None, "asked for only where there are landmarks"
        return landmark_scheme(self.first.prior.landmarks.shape[0]).name

    def check_scale(self, scale: int) -> None:
        """Raise DataError unless HR images are `scale` times as large as their LR images."""
        lr, hr = self.lr_size, self.size
        if hr != tuple(scale * side for side in lr):
            raise DataError(
                f"item 0 of {self}: lr is {_size(lr)} and hr is {_size(hr)}; hr of {scale} times the size of lr, "
                f"{_size(tuple(scale * side for side in lr))}, was expected, since the recipe enlarges by {scale}"
            )

    def read(self, place: int, key: tuple[int, int]) -> Pair:
        """Return the item at a place, checked; raises DataError naming it.

        key: (seed, number of the draw), with which random numbers are seeded for as long as the item is made: an item
        that is augmented at random is a function of them. The state of Python's, NumPy's and torch's generators is as
        before afterwards.
        """
        first, pair = self.first, self._read(place, key)
        ours, theirs = _shapes(pair), _shapes(first)
        for name in theirs:
            if ours[name] != theirs[name]:
                raise DataError(
                    f"item {place} of {self}: its {name} is {_told(ours[name])}, and that of item 0 is "
                    f"{_told(theirs[name])}; the same in all items was expected"
                )
        return pair

    def fingerprint(self) -> str | None:
        """Return the hash of the first, the middle and the last item; None where reading them twice differs.

        It recognises another Dataset when a run is resumed. It is no hash of the whole.
        """
        once, again = self._hash(), self._hash()
        return once if once == again else None

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for place in sorted({0, len(self) // 2, len(self) - 1}):
            pair = self.read(place, (0, 0))
            for tensor in (pair.lr, pair.hr, *pair.prior):
                if tensor is not None:
                    digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _read(self, place: int, key: tuple[int, int]) -> Pair:
        with _seeded(key):
            try:
                item = self.dataset[place]
            except Exception as error:  # a stranger's code may raise anything
                detail = " ".join(str(error).split())
                raise DataError(
                    f"item {place} of {self}: reading it raises {type(error).__name__} ({detail:.200})"
                ) from error
        return checked_pair(item, f"item {place} of {self}")


def _name(dataset: Any) -> str:
    given = getattr(dataset, "name", None)
    if isinstance(given, str) and given:
        return given
    return f"Subset of {_name(dataset.dataset)}" if isinstance(dataset, Subset) else type(dataset).__name__


@contextmanager
def _seeded(key: tuple[int, int]) -> Iterator[None]:
    """Seed all generators from a key for a block, and give them back their state after it."""
    seed = int.from_bytes(hashlib.sha256(f"{key[0]}/{key[1]}".encode()).digest()[:4])
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  # users' code has the old one
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])


def _shapes(pair: Pair) -> dict[str, tuple[int, ...] | None]:
    parts = {"lr": pair.lr, "hr": pair.hr, **{f"prior's {name}": part for name, part in pair.prior._asdict().items()}}
    return {name: None if part is None else tuple(part.shape) for name, part in parts.items()}


def _told(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else f"of shape {shape}"


def _size(sides: tuple[int, ...]) -> str:
    return " x ".join(map(str, sides))
