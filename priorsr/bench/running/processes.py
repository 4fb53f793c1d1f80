"""Share a benchmark among the processes that torchrun starts: each runs some of the batches, one writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from priorsr.errors import PriorsrError

T = TypeVar("T")

_PATIENCE = timedelta(days=7)  # how long a process waits for the others; torchrun ends it sooner if one of them fails


@dataclass(frozen=True)
class Processes:
    """The processes of a run; this one is `rank` of `world`."""

    rank: int = 0
    world: int = 1

    @property
    def is_main(self) -> bool:
        """Return whether this is the one that decides and writes."""
        return self.rank == 0

    def decide(self, choose: Callable[[], T]) -> T:
        """Return the main process's result in all processes; an error there is raised in all."""
        if self.world == 1:
            return choose()
        answer: list[Any] = [None, None]
        if self.is_main:
            try:
                answer[0] = choose()
            except PriorsrError as error:
                answer[1] = error
        distributed.broadcast_object_list(answer)
        if answer[1] is not None:
            raise answer[1]
        return answer[0]

    def first(self, found: T | None) -> T | None:
        """Return the first non-None value, by rank, in all processes."""
        if self.world == 1:
            return found
        everyones: list[T | None] = [None] * self.world
        distributed.all_gather_object(everyones, found)
        return next((each for each in everyones if each is not None), None)

    def wait(self) -> None:
        """Wait until all processes have reached this call."""
        if self.world > 1:
            distributed.barrier()

    def device(self, asked: torch.device) -> torch.device:
        """Return the device `asked`, or where that is any GPU, and several processes share the machine, one of its
        own.
        """
        if self.world == 1 or str(asked) != "cuda":
            return asked
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


@contextmanager
def started() -> Iterator[Processes]:
    """Join the processes that torchrun started, or use this one alone. They communicate by Gloo, on CPUs."""
    if distributed.is_initialized():
        yield Processes(distributed.get_rank(), distributed.get_world_size())
    elif int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes()
    else:
        distributed.init_process_group("gloo", timeout=_PATIENCE)
        try:
            yield Processes(distributed.get_rank(), distributed.get_world_size())
        finally:
            distributed.destroy_process_group()
