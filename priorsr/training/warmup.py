"""Measure the seconds of training steps and validations, to convert minutes to steps."""

from __future__ import annotations

import time

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast

from priorsr.training.loop import StageLoop
from priorsr.training.plan import StageCost
from priorsr.training.validation import FACES, Validator

MOST_SECONDS, MOST_PLACES = 4.0, 24
LEAST_STEPS = 2 * MOST_PLACES + 2


def measure(loop: StageLoop, validator: Validator, accelerator: Accelerator, seconds: float) -> StageCost:
    """Measure the steps and validations of a stage within some seconds, on modules that are discarded afterwards.

    The run itself then equals one of a given number of steps. The measured steps are spread over the stage (of
    LEAST_STEPS or more), since a loss may have terms that end before the stage does.
    """
    once = float(broadcast(torch.tensor(_time_at(loop, 0), device=accelerator.device)))  # so that all take as many
    places = max(1, min(MOST_PLACES, int(min(seconds, MOST_SECONDS) / (2 * once))))
    times = [_time_at(loop, (loop.steps - 2) * i // places) for i in range(places)]
    validation = last_validation = 0.0
    if loop.product is not None:
        score = validator.score(loop.product, FACES)
        began = time.perf_counter()
        validator.strip(loop.product, "")
        strip = time.perf_counter() - began
        validation = score.seconds + strip
        last_validation = score.seconds / score.faces * validator.count + strip
    return StageCost(sum(times) / len(times), validation, last_validation)


def _time_at(loop: StageLoop, step: int) -> float:
    """Run two steps from `step` on, and return the seconds of the second, whose batch was read ahead as in a run."""
    loop.step = step
    _finished(loop)
    began = time.perf_counter()
    _finished(loop)
    return time.perf_counter() - began


def _finished(loop: StageLoop) -> None:
    for loss in loop.advance().losses.values():
        float(loss)  # waits for the device
