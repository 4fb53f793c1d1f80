"""Commands in processes of their own: forked, so that nothing is imported again, or real ones, as users start them."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 1_800  # after which a command hangs, also on a machine where it waits for others nearly always
MOST_MEMORY = 16 * 2**30  # bytes of addresses; beyond it Python raises MemoryError
PATHS = [str(ROOT / "tests/training"), str(ROOT / "tests/bench")]  # of the tests' own recipes and models
USED = (
    *(
        "slow",
        "toys",
        "accelerate",
        "scipy.stats",
        "torch._inductor.config",
        "matplotlib.backends.backend_agg",
        "priorsr.training.run",
        "priorsr.data.importers.synthetic",
    ),
    *("priorsr.bench.board.compare", "priorsr.bench.pages.run.run_report", "priorsr.bench.pages.site.build"),
    *("priorsr.data.doctor", "priorsr.bench.submissions.verify", "priorsr.cli.main"),
)
COMMAND_LINE = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # what the tests import is no part of the command
sys.path[:0] = {PATHS}
import toys, slow
from priorsr.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


class Outcome(NamedTuple):
    """What a command came to: its exit code (negative for a signal, None for a hang), stdout and stderr."""

    code: int | None
    out: str
    err: str


def prepare() -> None:
    """Import what the commands use, and the tests' recipes and models, so that a fork's time is work."""
    sys.path[:0] = PATHS
    os.environ.update(OMP_NUM_THREADS="1", PYTHONHASHSEED="0")
    for name in USED:
        import_module(name)
    import torch

    from priorsr.bench.scoring.scorer import scorer_hash

    scorer_hash()  # which is kept
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs ignore


def run(
    words: Sequence[str],
    folder: Path,
    *,
    real: bool = False,
    seconds: float = SECONDS,
    before: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run `priorsr WORDS` in a folder to its end, or until it hangs; a fork calls `before` first."""
    child = start(words, folder, real=real, before=before)
    code = end(child, seconds)
    if code is None:
        kill(child)
    return outcome(folder, code)


def start(words: Sequence[str], folder: Path, *, real: bool = False, before: Callable[[], None] = lambda: None) -> int:
    """Start `priorsr WORDS` in a folder, and return its process's id."""
    out, err = (os.open(_said(folder, name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC) for name in ("out", "err"))
    try:
        if real:
            command = [sys.executable, "-c", COMMAND_LINE, *words]
            return subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, start_new_session=True).pid
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _become(words, folder, out, err, before)
        return child
    finally:
        os.close(out)
        os.close(err)


def end(child: int, seconds: float) -> int | None:
    """Return a process's exit code, negative for a signal; None if it has not ended within the seconds."""
    descriptor = os.pidfd_open(child)
    try:
        if not select.select([descriptor], [], [], seconds)[0]:
            return None
    finally:
        os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill(child: int) -> None:
    """Kill a process, and wait for its end."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def outcome(folder: Path, code: int | None) -> Outcome:
    """Return what a command that ran in a folder came to."""
    return Outcome(code, *(_said(folder, name).read_text(errors="replace") for name in ("out", "err")))


def _said(folder: Path, name: str) -> Path:
    return folder.with_name(f"{folder.name}.std{name}")


def _become(words: Sequence[str], folder: Path, out: int, err: int, before: Callable[[], None]) -> None:
    """Run the command in this forked process, and end it."""
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        sys.argv = ["priorsr", *words]
        before()
        from priorsr.cli.main import main

        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
