"""Handle Ctrl-C and SIGTERM during training: finish the step, and save the run."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from priorsr.execution.stopping import StoppedError, is_asked_to_stop


class TrainingInterruptedError(StoppedError):
    """Raised if a signal stopped the training after saving; the message explains how to continue."""


class Interruption:
    """Catch SIGINT and SIGTERM while entered: the first only sets `requested`, the second acts as usual.

    Outside the main thread Python takes no signals; there, only `ask_to_stop` requests it.
    """

    def __init__(self) -> None:
        self._noted = False
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Return whether a signal has come, or the work of this process was asked to stop."""
        return self._noted or is_asked_to_stop()

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._noted = True
        self.__exit__()
