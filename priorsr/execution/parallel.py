"""Spread work on many files over the cores, with progress on the terminal."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from priorsr.terminal import Terminal

T = TypeVar("T")
R = TypeVar("R")


def one_thread_each(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return the results of `function`, in the order of `items`, each computed by one of torch's threads.

    Threads share no small tensors, and no bit depends on their number.
    """
    import torch

    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(threads)  # or the pool's 1 would become the default of threads to come


def progress_bar() -> Progress:
    """Return a bar that counts items on stderr, and only on a terminal."""
    console = Terminal(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def parallel_map(function: Callable[[T], R], items: Sequence[T], what: str) -> Iterator[R]:
    """Return the results of `function`, in the order of `items`; the first error ends it.

    Threads are enough: Pillow and NumPy free the interpreter while they decode, resize and encode. Progress goes to
    stderr, and only to a terminal.
    """
    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers)
    try:
        with progress_bar() as progress:
            task = progress.add_task(what, total=len(items))
            waiting: deque[Future[R]] = deque()
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 4 * workers:
                    yield waiting.popleft().result()
                    progress.advance(task)
            while waiting:
                yield waiting.popleft().result()
                progress.advance(task)
    finally:
        pool.shutdown(cancel_futures=True)
