"""Training: a recipe consists of stages, a loop runs them, and a run can be interrupted and resumed at any moment.

The names for writing recipes are imported at once, the loop (which needs Accelerate) at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from priorsr.lazy_names import lazily
from priorsr.training.durations import Duration, Progress, epochs, fraction, steps
from priorsr.training.schedules import Schedule, constant, cosine, stable_decay, step_decay
from priorsr.training.stage import Loss, Optimiser, Stage, Step, StepResult
from priorsr.training.teacher_student import TeacherStudentConfig, TeacherStudentRecipe

if TYPE_CHECKING:
    from priorsr.training.interrupt import TrainingInterruptedError
    from priorsr.training.run import train
    from priorsr.training.trainer import RunResult

_LAZY = {
    "RunResult": "priorsr.training.trainer",
    "TrainingInterruptedError": "priorsr.training.interrupt",
    "train": "priorsr.training.run",
}

__all__ = [
    "Duration",
    "Loss",
    "Optimiser",
    "Progress",
    "RunResult",
    "Schedule",
    "Stage",
    "Step",
    "StepResult",
    "TeacherStudentConfig",
    "TeacherStudentRecipe",
    "TrainingInterruptedError",
    "constant",
    "cosine",
    "epochs",
    "fraction",
    "stable_decay",
    "step_decay",
    "steps",
    "train",
]

__getattr__ = lazily(__name__, _LAZY)
