"""Ask the work of this process to stop where it can be continued: training after a step, a benchmark after a batch."""

from __future__ import annotations

import threading

_asked = threading.Event()


class StoppedError(KeyboardInterrupt):
    """Raised by work that has stopped when it was asked to; the message explains how to continue."""


def ask_to_stop() -> None:
    """Ask the work of this process to stop. Any thread may ask, unlike signals, which reach the main thread only."""
    _asked.set()


def forget_to_stop() -> None:
    """Take back a request to stop, before other work begins."""
    _asked.clear()


def is_asked_to_stop() -> bool:
    """Return whether the work of this process was asked to stop."""
    return _asked.is_set()
