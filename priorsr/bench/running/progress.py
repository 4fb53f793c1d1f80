"""Show the progress of a benchmark: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_SECONDS = 20.0  # between lines where there is no bar


@contextmanager
def progress(console: Console, what: str, total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Show how many faces of `total` are done, of which `done` were before.

    Call the yielded function after each batch.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = console.is_terminal or console.is_jupyter
    said = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not bar) as shown:
        task = shown.add_task(what, total=total, completed=done)

        def advance(faces: int) -> None:
            nonlocal done, said
            done = min(done + faces, total)
            shown.update(task, completed=done)
            if not bar and not console.quiet and time.monotonic() - said > LINE_SECONDS:
                said = time.monotonic()
                console.print(f"{what}: {done:,} of {total:,}", markup=False, highlight=False, soft_wrap=True)

        yield advance
