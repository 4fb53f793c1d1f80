"""Run tasks in processes of this machine, of which one that dies costs its task only."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from priorsr.bounds import check_number
from priorsr.errors import OptionError

T = TypeVar("T")

MOST_JOBS = 1024


class LocalProcesses(Executor):
    """Runs `count` tasks at once, each in a `ProcessPoolExecutor` of one process, with `threads` threads of torch.

    A pool ends all its processes when one of them dies; here the others go on, and the broken pool is made anew.
    """

    def __init__(self, count: int, threads: int) -> None:
        self._threads = threads
        self._waiters = ThreadPoolExecutor(count, thread_name_prefix="priorsr-task")
        self._pools: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
        for _ in range(count):
            self._pools.put(self._new())

    def _new(self) -> ProcessPoolExecutor:
        start_anew = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        return ProcessPoolExecutor(1, mp_context=start_anew, initializer=_begin, initargs=(self._threads,))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Submit a call; its future raises BrokenProcessPool if its process dies."""
        return self._waiters.submit(self._call, fn, args, kwargs)

    def _call(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        pool = self._pools.get()
        try:
            return pool.submit(fn, *args, **kwargs).result()
        except BrokenProcessPool:
            pool = self._new()
            raise
        finally:
            self._pools.put(pool)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes once their tasks have ended; see `concurrent.futures.Executor`."""
        self._waiters.shutdown(wait, cancel_futures=cancel_futures)
        while wait and not self._pools.empty():
            self._pools.get().shutdown()


@contextmanager
def opened(jobs: int, executor: Executor | None) -> Iterator[Executor | None]:
    """Yield where tasks run: a user's executor, `jobs` processes that share torch's threads, or None: in this process.

    Raises OptionError for both, and for a number of jobs that is out of bounds.
    """
    check_number("jobs", jobs, 1, MOST_JOBS)
    if executor is not None and jobs != 1:
        raise OptionError(f"jobs is {jobs}, and an executor is given, which has a number of its own; one was expected")
    if executor is not None or jobs == 1:
        yield executor
        return
    import torch

    with LocalProcesses(jobs, max(1, torch.get_num_threads() // jobs)) as processes:
        yield processes


def _begin(threads: int) -> None:
    """Begin a process in a session of its own, so that Ctrl-C reaches it only through the caller."""
    import torch

    if hasattr(os, "setsid"):
        os.setsid()
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # so that a training takes as many, whatever the load
    threading.Thread(target=_end_with_the_caller, daemon=True).start()


def _end_with_the_caller() -> None:
    """Ask the work to stop once the caller has died, and end this process when it has stopped."""
    from priorsr.bench.executors.on_worker import ONE_AT_A_TIME
    from priorsr.execution.stopping import ask_to_stop

    caller = multiprocessing.parent_process()
    assert caller is not None, "this is a process of a pool"
    caller.join()
    ask_to_stop()
    with ONE_AT_A_TIME:
        os._exit(1)
