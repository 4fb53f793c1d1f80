"""Handle Ctrl-C and SIGTERM during training: finish the step, and save the run."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class TrainingInterruptedError(KeyboardInterrupt):
    """Raised if a signal stopped the training after saving; the message explains how to continue."""


class Interruption:
    """Catch SIGINT and SIGTERM while entered: the first only sets `requested`, the second acts as usual.

    Outside the main thread, where Python takes no signals, it is never requested.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        self.__exit__()
