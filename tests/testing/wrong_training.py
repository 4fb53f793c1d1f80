"""Distillations and recipes that are wrong in one respect each."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from priorsr.containers import Batch
from priorsr.training import Progress
from tests.testing.right_components import (
    RightDistillation,
    RightRecipe,
)


class TeacherIsDetached(RightDistillation):
    __doc__ = RightDistillation.__doc__

    def held(self, teacher: Tensor) -> Tensor:
        return teacher


class StagesLearn(RightRecipe):
    __doc__ = RightRecipe.__doc__

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        loss = super().step(modules, batch, progress)["net"]
        return {"net": loss / (99 - progress.step)}


class CountsItsSteps(RightRecipe):
    __doc__ = RightRecipe.__doc__

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        self.steps = getattr(self, "steps", 0) + 1  # in no checkpoint
        return {"net": super().step(modules, batch, progress)["net"] / self.steps}
