"""A run before its first step: stages, steps, folder, and the cards of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.bounds import check_number
from priorsr.data import TrainingSet
from priorsr.errors import OptionError
from priorsr.sources import Component, components_of
from priorsr.training.run_folder import RunFolder
from priorsr.training.run_log import RunLog
from priorsr.training.setup import Setup
from priorsr.training.stage import Stage
from priorsr.training.validation_scores import ModelScore, prior_given

_SETTINGS = ("recipe", "preset", "overrides", "minutes", "seed", "precision")  # listed on cards


@dataclass(frozen=True)
class Pace:
    """Intervals of validation (steps; None: a tenth of the stage), metrics lines (steps) and checkpoints (seconds)."""

    validate_every: int | None = None
    log_every: int = 10
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        check_number("log_every", self.log_every, 1)
        if not self.checkpoint_seconds >= 0:
            raise OptionError(f"checkpoint_seconds is {self.checkpoint_seconds}; 0 or more was expected")


@dataclass(frozen=True)
class PlannedRun:
    """All parts of a run.

    setup: its stages, loops and validation. config: the content of its config.json.
    """

    setup: Setup
    config: Mapping[str, Any]
    folder: RunFolder
    log: RunLog
    pace: Pace

    @property
    def steps(self) -> Mapping[str, int]:
        """Return the number of steps of each stage, by its name."""
        steps: Mapping[str, int] = self.config["stage_steps"]
        return steps

    def weights_path(self, stage: Stage) -> Path:
        """Return the path of a stage's product: weights/MODULE.safetensors for the last stage of that module, else
        weights/MODULE-STAGE.safetensors.
        """
        last = [other for other in self.setup.stages if other.product == stage.product][-1]
        name = stage.product if stage is last else f"{stage.product}-{stage.name}"
        return self.folder.weights / f"{name}.safetensors"

    def trained_by(self, index: int) -> set[Component]:
        """Return the components that trained a stage's product: the recipe, all other modules so far, and estimators
        of priors.
        """
        stages = self.setup.stages
        product = stages[index].modules[str(stages[index].product)]
        modules = [module for stage in stages[: index + 1] for module in stage.modules.values()]
        beside = [module for module in modules if module is not product]
        made = components_of([self.setup.recipe, *beside], "training")
        return {*made, *(part for data in self.setup.sets for part in data.components)}

    def card(self, stage: Stage, score: str, value: float) -> dict[str, Any]:
        """Return the card of a stage's product: its training, and its score on `val`."""
        by = self.setup.validator.faces
        if score == ModelScore.name:
            by = f"{self.setup.validator.protocol.id}, {by}"
        return {
            **{name: self.config[name] for name in _SETTINGS},
            "data": [
                part.model_dump(mode="json") if isinstance(part, TrainingSet) else str(part) for part in self.setup.sets
            ],
            "reduction": self.setup.reduction,
            "hr_size": self.setup.hr_size,
            "stage": stage.name,
            "steps": self.steps[stage.name],
            "scores": {f"{score} ({by})": value},
            "prior": prior_given(stage.modules[str(stage.product)]),
            "networks": {name: type(stage.modules[name]).__name__ for name in sorted(stage.frozen)},
            "absent": dict(stage.absent),
            "starts_from": {name: str(source) for name, source in stage.starts_from.items()},
        }
