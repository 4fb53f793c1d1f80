"""Train one run of an ablation, given on stdin: `python -m priorsr.bench.studies.worker`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from priorsr.bench.studies.trainings import Training
from priorsr.errors import PriorsrError
from priorsr.training import TrainingInterruptedError


def main() -> None:
    """Train the run in the first line of stdin; save and stop when stdin ends, since the parent has ended then."""
    training = Training(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_stop_at_the_end_of_stdin, daemon=True).start()
    try:
        training.run(None)
    except PriorsrError as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    except TrainingInterruptedError as interruption:
        sys.exit(str(interruption))


def _stop_at_the_end_of_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
