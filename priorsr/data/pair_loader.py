"""Batches of a Dataset of pairs, for training and for validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from priorsr.containers import Batch
from priorsr.data.augmentation import Augmentation
from priorsr.data.dataset_pairs import Pairs
from priorsr.data.pair_faces import PairFaces
from priorsr.errors import DataError, OptionError
from priorsr.priors import landmark_scheme


class PairLoader:
    """Batches of pairs, read from their Dataset when they are asked for.

    scale: by which HR must be larger than LR. priors: the parts to load; those that items have, unless given.
    seed: of an item that draws random numbers.

    Raises DataError naming the item that is wrong, or that lacks a prior that is asked for.
    """

    def __init__(
        self, pairs: Pairs, *, batch_size: int, scale: int, seed: int = 0, priors: tuple[str, ...] | None = None
    ) -> None:
        pairs.check_scale(scale)
        for prior in priors or ():
            if prior not in pairs.priors:
                raise DataError(f"{pairs}: {prior} was asked for, but its items have none")
        self.pairs, self.batch_size = pairs, batch_size
        self.priors = pairs.priors if priors is None else priors
        self._seed = seed
        digits = len(str(len(pairs) - 1))
        self.ids = tuple(f"{place:0{digits}}" for place in range(len(pairs)))

    @property
    def name(self) -> str:
        """Return the name of the data in messages."""
        return str(self.pairs)

    @property
    def size(self) -> tuple[int, int]:
        """Return the height and width of the HR images."""
        return self.pairs.size

    @property
    def count(self) -> int:
        """Return the number of pairs."""
        return len(self.ids)

    @property
    def label_map_name(self) -> str:
        """Return the name of the parsing maps' label map."""
        return self.pairs.label_map_name()

    @property
    def landmark_scheme_name(self) -> str:
        """Return the name of the landmarks' scheme."""
        return self.pairs.landmark_scheme_name()

    def check_augmentation(self, augmentation: Augmentation) -> None:
        """Raise OptionError if the augmentation does not suit the pairs."""
        if augmentation.zoom > 1:
            raise OptionError(
                f"{self.pairs}: zoom is {augmentation.zoom:g}, which makes LR anew from HR, and a Dataset brings its "
                "LR along; zoom=1 was expected"
            )
        if augmentation.quarter_turns and self.size[0] != self.size[1]:
            raise OptionError(
                f"{self.pairs}: hr is {self.size[0]} x {self.size[1]}; square images were expected for quarter_turns"
            )
        if augmentation.flip:
            self._check_flip()

    def _check_flip(self) -> None:
        if "parsing" in self.priors:
            self.pairs.label_map_name()
        for part in ("landmarks", "heatmaps"):
            if part in self.priors:
                scheme = landmark_scheme(len(getattr(self.pairs.first.prior, part)))
                if not scheme.flip:
                    raise OptionError(
                        f"{self.pairs}: its {part} ({scheme.name}) cannot be mirrored, since no source defines which "
                        "points change places; flip=False was expected"
                    )

    def take(self, places: Sequence[int], numbers: Sequence[int]) -> PairFaces:
        """Return the pairs at these places. numbers: of the draws, by which items that are random differ."""
        read = [self.pairs.read(place, (self._seed, number)) for place, number in zip(places, numbers, strict=True)]
        return PairFaces.of(read, tuple(self.ids[place] for place in places), self.priors)

    def in_order(self) -> Iterator[Batch]:
        """Return every pair once, in order, as it is; the last batch may be short."""
        for start in range(0, len(self.ids), self.batch_size):
            places = range(start, min(start + self.batch_size, len(self.ids)))
            yield self.take(places, places).batch()
