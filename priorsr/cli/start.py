"""The entry of `priorsr`: Ctrl-C while it is still importing ends it without a traceback, since nothing has begun."""

from __future__ import annotations

import signal

_CTRL_C = signal.getsignal(signal.SIGINT)
if _CTRL_C is signal.default_int_handler:  # not where a shell ignores Ctrl-C for a job in the background
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from priorsr.cli.main import main as run  # noqa: E402  # Ctrl-C is set before


def main() -> None:
    """Run the command line, with Ctrl-C as Python has it."""
    signal.signal(signal.SIGINT, _CTRL_C)
    run()
