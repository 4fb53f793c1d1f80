"""Training batches made ahead of time, in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from priorsr.containers import Batch
from priorsr.data.mixed_loader import MixedLoader
from priorsr.data.shards.broken_faces import BrokenFace
from priorsr.data.shards.shard_loader import ShardLoader
from priorsr.errors import DataError, PriorsrError

Loader = MixedLoader | ShardLoader


class AheadLoader:
    """The batches of a loader, made ahead of time by `workers` processes, and returned in order.

    They equal the batches of the loader itself, for any number of processes. A request for another step than the next
    one restarts the processes.
    """

    def __init__(self, loader: Loader, workers: int) -> None:
        self._loader, self._workers = loader, workers
        self._batches: Iterator[Any] = iter(())
        self._next = -1
        self._latest: tuple[int, Batch] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Return how many batches an epoch takes."""
        return self._loader.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step; raises what making it raises, and DataError for a process that died."""
        if self._latest and self._latest[0] == step:
            return self._latest[1]
        if step != self._next:
            self._batches = iter(
                DataLoader(
                    _Steps(self._loader),
                    batch_size=None,
                    sampler=count(step),
                    num_workers=self._workers,
                    collate_fn=_as_it_is,
                    generator=torch.Generator(),  # or it would draw from the generator that the step is seeded by
                )
            )
        try:
            made = next(self._batches)
        except RuntimeError as error:  # how torch reports a process that was killed
            self._next = -1
            raise DataError(f"a process that reads training batches ended: {error}") from error
        if isinstance(made, PriorsrError):
            self._next = -1
            raise made
        made, broken = made
        if isinstance(self._loader, ShardLoader):
            self._loader.broken.add(broken)
        self._next, self._latest = step + 1, (step, made)
        return made


class _Steps(Dataset[Any]):
    """The batches by step, with the faces that were found broken.

    An error is returned as an item, since torch would put its traceback into the message.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getitem__(self, step: int) -> tuple[Batch, list[BrokenFace]] | PriorsrError:
        try:
            made = self._loader.batch(step)
            return made, self._loader.broken.news() if isinstance(self._loader, ShardLoader) else []
        except PriorsrError as error:
            return type(error)(str(error))


def _as_it_is(made: Any) -> Any:
    return made
