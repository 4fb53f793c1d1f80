"""Run tasks as SLURM jobs, one each, through submitit."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from priorsr.errors import OptionError
from priorsr.files import require_extra

T = TypeVar("T")

LOOK_SECONDS = 0.5  # between looks at the jobs; submitit asks SLURM itself at longer intervals


class SubmittedJobs(Executor):
    """Submits each call as a job of a submitit executor. A future raises what submitit does for a job that died."""

    def __init__(self, jobs: Any) -> None:
        self._executor = jobs
        self._jobs: dict[Future[Any], Any] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="priorsr-jobs")
        self._thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Submit a call as a job; cancelling its future cancels the job."""
        future: Future[T] = Future()
        job = self._executor.submit(fn, *args, **kwargs)
        with self._lock:
            self._jobs[future] = job
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all jobs, or cancel them; see `concurrent.futures.Executor`."""
        while self._jobs:
            if cancel_futures:
                for future in list(self._jobs):
                    future.cancel()
            if not wait:
                return
            self._over.wait(LOOK_SECONDS)
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with self._lock:
                jobs = dict(self._jobs)
            over = [future for future, job in jobs.items() if _is_over(future, job)]
            with self._lock:
                for future in over:
                    del self._jobs[future]


def _is_over(future: Future[Any], job: Any) -> bool:
    """Return whether a job is over, after giving its result to its future; cancel the job of a cancelled one."""
    if future.cancelled():
        with suppress(Exception):
            job.cancel(check=False)
        return True
    try:
        if not job.done():
            return False
        result = job.result()
    except Exception as error:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(result)
    return True


def slurm_jobs(options: Mapping[str, int | str], folder: Path) -> SubmittedJobs:
    """Return an executor whose tasks are SLURM jobs; `folder` holds their files and logs.

    options: those of submitit's SlurmExecutor, which are sbatch's: partition, time (minutes), cpus_per_task, ...
    Raises OptionError for others and on a machine without sbatch, and MissingExtraError without submitit.
    """
    require_extra("submitit", "slurm")
    from submitit import SlurmExecutor

    if shutil.which("sbatch") is None:
        raise OptionError("slurm: the command sbatch was not found; a machine that submits SLURM jobs was expected")
    try:
        jobs = SlurmExecutor(folder)
        jobs.update_parameters(**{"job_name": "priorsr", **options})
    except (NameError, TypeError, ValueError, RuntimeError) as error:  # submitit's for unknown names, and no srun
        raise OptionError(f"slurm: {' '.join(str(error).split())}") from error
    return SubmittedJobs(jobs)
