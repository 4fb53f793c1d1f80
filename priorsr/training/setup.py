"""The parts of a run before its first step: stages, loaders, loops, and numbers of steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from accelerate import Accelerator

from priorsr.data import FaceSet, MixedLoader, Reduction, TrainingSet
from priorsr.errors import OptionError, mistakes_in
from priorsr.models import weights
from priorsr.training.blueprint import Blueprint
from priorsr.training.loop import StageLoop
from priorsr.training.plan import StageCost, check_stages, steps_by_length, steps_by_seconds, steps_by_total
from priorsr.training.precision import resolve_precision
from priorsr.training.settings import Settings
from priorsr.training.stage import Stage
from priorsr.training.validation import SHOWN, Validator
from priorsr.training.warmup import LEAST_STEPS, measure


class Setup:
    """Everything that settings, a recipe and face sets determine; checks the stages when made.

    faces: the sets to train on, each with its weight; the first one's split `val` is validated on.
    sets: the same, as cards describe them.
    """

    def __init__(
        self,
        settings: Settings,
        blueprint: Blueprint,
        faces: Sequence[tuple[FaceSet, float]],
        accelerator: Accelerator,
    ) -> None:
        self.settings = settings
        self.precision = resolve_precision(settings.precision or "auto", accelerator.device)
        self._blueprint = blueprint
        self._faces = faces
        self.accelerator = accelerator
        self._seed = settings.seed or 0
        self.processes = accelerator.num_processes
        self._loaders: dict[tuple[int, bool, bool, float], MixedLoader] = {}
        self.recipe, self.stages = blueprint.build(self._seed)
        check_stages(self.stages)
        self._reduction = Reduction(scale=self.recipe.scale, kernel=self.recipe.reduction)
        self.hr_size = faces[0][0].manifest.image_sizes[0][0]
        self.sets = [TrainingSet.of(part, weight=weight) for part, weight in faces]
        self.validator = Validator(faces[0][0], self._reduction, accelerator)

    def loader(self, stage: Stage) -> MixedLoader:
        """Return the training batches of a stage, this process's share of each; raises OptionError if it has none."""
        if stage.batch_size % self.processes:
            raise OptionError(
                f"the stage {stage.name!r} has batches of {stage.batch_size} faces, and there are {self.processes} "
                "processes; a multiple was expected"
            )
        key = (stage.batch_size, stage.flip, stage.quarter_turns, stage.zoom)
        if key not in self._loaders:  # making one decodes every face
            self._loaders[key] = MixedLoader(
                self._faces,
                "train",
                batch_size=stage.batch_size // self.processes,
                reduction=self._reduction,
                seed=self._seed,
                flip=stage.flip,
                quarter_turns=stage.quarter_turns,
                zoom=stage.zoom,
                shard=(self.accelerator.process_index, self.processes),
            )
        return self._loaders[key]

    def loop(self, stage: Stage, steps: int) -> StageLoop:
        """Return the loop of a stage, at its first step."""
        return StageLoop(
            stage,
            self.loader(stage),
            steps=steps,
            seed=self._seed,
            accelerator=self.accelerator,
            precision=self.precision,
            channels_last=self.settings.channels_last is not False,
        )

    def rehearse(self) -> None:
        """Run every product on a few validation faces and save it, so that neither fails after hours of training.

        Raises what they raise: PriorsrError for a missing prior, or a model that is not registered.
        """
        with TemporaryDirectory() as folder:
            for stage in self.stages:
                if stage.product:
                    product = stage.modules[stage.product].to(self.accelerator.device)
                    with mistakes_in(f"the stage {stage.name!r}, before its first step"):
                        self.validator.score(product, SHOWN)
                        weights.save(product, Path(folder) / "product.safetensors")

    def steps(self, began: float) -> tuple[dict[str, int], dict[str, StageCost]]:
        """Return the steps of each stage, and what was measured for them, if minutes were given, that run since
        `began`.
        """
        if self.settings.steps is not None:
            return steps_by_total(self.stages, self.settings.steps), {}
        by_length = steps_by_length(self.stages, {s.name: self.loader(s).steps_per_epoch for s in self.stages})
        if self.settings.minutes is None:
            return by_length, {}
        seconds = self.settings.minutes * 60
        costs = {}
        for stage in self._blueprint.build(self._seed)[1]:  # thrown away, so that the run starts afresh
            loop = self.loop(stage, max(LEAST_STEPS, by_length[stage.name]))
            costs[stage.name] = measure(loop, self.validator, self.accelerator, 0.05 * seconds)
            loop.close()
        left = seconds - (time.monotonic() - began)
        return steps_by_seconds(self.stages, left, costs, self.settings.validate_every), costs
