"""A run: its stages one after the other, validated and saved on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from priorsr.bounds import check_number
from priorsr.data import TrainingSet
from priorsr.errors import DataError, OptionError, PriorsrError, mistakes_in
from priorsr.models import weights
from priorsr.sources import Component, components_of
from priorsr.training.checkpoints import Checkpoint, CheckpointFacts, Checkpoints, Place
from priorsr.training.interrupt import Interruption, TrainingInterruptedError
from priorsr.training.loop import StageLoop, below, load_state
from priorsr.training.plan import validation_interval
from priorsr.training.run_folder import RunFolder
from priorsr.training.run_log import RunLog
from priorsr.training.stage import Stage
from priorsr.training.step_window import StepWindow
from priorsr.training.validation import FACES, Validator
from priorsr.training.validation_scores import ModelScore, prior_given


@dataclass(frozen=True)
class RunResult:
    """The result of a run: its folder, and by stage the weights of each product, and their score's name and value on
    `val`.

    The score is `psnr_y` in dB for a model; `parsing_iou` or `nme` for an estimator.
    """

    folder: Path
    products: Mapping[str, Path]
    scores: Mapping[str, tuple[str, float]]


@dataclass(frozen=True)
class Pace:
    """Intervals of validation (steps; None: ten times a stage), lines of metrics (steps), checkpoints (seconds)."""

    validate_every: int | None = None
    log_every: int = 10
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        check_number("log_every", self.log_every, 1)
        if not self.checkpoint_seconds >= 0:
            raise OptionError(f"checkpoint_seconds is {self.checkpoint_seconds}; 0 or more was expected")


class Trainer:
    """Runs stages in order, from the beginning or from a checkpoint.

    Every process runs one, and the main process writes. recipe: that of the stages. card: what the weights' cards tell
    of the run.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        steps: Mapping[str, int],
        make_loop: Callable[[Stage, int], StageLoop],
        validator: Validator,
        folder: RunFolder,
        accelerator: Accelerator,
        journal: RunLog,
        recipe: object,
        card: Mapping[str, Any],
        pace: Pace,
    ) -> None:
        self._stages = stages
        self._steps = steps
        self._make_loop = make_loop
        self._validator = validator
        self._folder = folder
        self._accelerator = accelerator
        self._journal = journal
        self._recipe = recipe
        self._card = card
        self._pace = pace
        self._interruption = Interruption()
        self._scores: dict[str, tuple[str, float]] = {}
        self._saved = time.monotonic()

    def run(self, checkpoint: Checkpoint | None) -> RunResult:
        """Run what comes after the checkpoint, or everything.

        Raises TrainingInterruptedError once the run is saved after Ctrl-C or SIGTERM, and PriorsrError for a loss that
        is not finite.
        """
        steps_before = 0
        if checkpoint:
            self._scores = dict(checkpoint.facts.scores)
            for stage in self._stages[: checkpoint.place.index]:
                if stage.name not in self._scores:
                    raise DataError(f"{self._folder.checkpoints.folder}: the latest lacks the score of {stage.name!r}")
        if self._accelerator.is_main_process:
            self._folder.clean()
            self._folder.rewind(checkpoint.facts.metrics_end if checkpoint else 0)
            if checkpoint:
                self._folder.checkpoints.forget_after(checkpoint.place)
        with self._interruption:
            try:
                for index, stage in enumerate(self._stages):
                    here = checkpoint if checkpoint and checkpoint.place.index == index else None
                    if checkpoint and index < checkpoint.place.index:
                        self._revive(stage)
                    else:
                        self._run_stage(index, stage, here, steps_before)
                    steps_before += self._steps[stage.name]
            except BaseException:
                with suppress(PriorsrError):  # what ended the run is what is told
                    self._journal.draw(now=True)
                raise
            self._journal.draw(now=True)
        products = {stage.name: self._weights_path(stage) for stage in self._stages if stage.product}
        return RunResult(self._folder.path, products, self._scores)

    def _run_stage(self, index: int, stage: Stage, checkpoint: Checkpoint | None, steps_before: int) -> None:
        if checkpoint is None:
            self._start_from_sources(stage)
        loop = self._make_loop(stage, self._steps[stage.name])
        try:
            if checkpoint:
                loop.restore(checkpoint.tensors, checkpoint.place.step)
            self._journal.begin(stage.name, loop.steps, loop.step, steps_before)
            self._train(index, loop)
            if loop.product is not None and self._accelerator.is_main_process:
                path, trained_by = self._weights_path(stage), self._trained_by(index)
                weights.save(loop.product, path, card=self._stage_card(stage), trained_by=trained_by)
        finally:
            self._journal.report.end()
            loop.close()
        self._accelerator.wait_for_everyone()

    def _train(self, index: int, loop: StageLoop) -> None:
        interval = validation_interval(loop.steps, self._pace.validate_every)
        window = StepWindow(loop.stage.name, self._accelerator)
        window.restart()
        fork = loop.decay_start
        while loop.step < loop.steps:
            window.add(loop.advance())
            last = loop.step == loop.steps
            stop, due = self._wishes(last or loop.step % self._pace.log_every == 0)
            if stop or last or loop.step == fork or loop.step % self._pace.log_every == 0:
                self._journal.write(window.line())
            if last or loop.step % interval == 0:
                self._validate(loop, None if last else FACES)
                window.restart()
            if loop.step == fork:
                self._save(index, loop, self._folder.forks)
                window.restart()
            if stop or last or due:
                self._save(index, loop, self._folder.checkpoints)
                window.restart()
            if stop:
                raise TrainingInterruptedError(
                    f"stopped at step {loop.step} of {loop.steps} of the stage {loop.stage.name!r}, and saved in "
                    f"{self._folder.path}; resume it to continue (--resume; in Python resume=True)"
                )

    def _validate(self, loop: StageLoop, faces: int | None) -> None:
        if loop.product is None:
            return
        loop.check_finite()
        loop.share_buffers()
        with mistakes_in(f"the stage {loop.stage.name!r}, validated after step {loop.step}"):
            score = self._validator.score(loop.product, faces)
        self._scores[loop.stage.name] = score.score, score.value
        self._journal.write({"kind": "validation", "stage": loop.stage.name, "step": loop.step, **asdict(score)})
        if self._accelerator.is_main_process:
            strip = self._validator.strip(loop.product, f"{loop.stage.name}, step {loop.step:,}")
            self._journal.show(loop.stage.name, loop.step, strip)
        self._journal.draw(now=False)

    def _save(self, index: int, loop: StageLoop, where: Checkpoints) -> None:
        loop.check_finite()
        tensors = loop.tensors()
        if self._accelerator.is_main_process:
            facts = CheckpointFacts(metrics_end=self._folder.mark(), scores=self._scores)
            place = Place(index, loop.stage.name, loop.step)
            where.save(Checkpoint(place, tensors, facts))
        self._accelerator.wait_for_everyone()
        self._saved = time.monotonic()

    def _wishes(self, at_line: bool) -> tuple[bool, bool]:
        """Return whether to stop for a signal, and whether a checkpoint is due.

        Processes agree where lines are written.
        """
        stop = self._interruption.requested
        due = at_line and time.monotonic() - self._saved >= self._pace.checkpoint_seconds
        if self._accelerator.num_processes == 1:
            return stop, due
        if not at_line:
            return False, False
        wishes = torch.tensor([stop, due], device=self._accelerator.device, dtype=torch.float32)
        stop, due = (self._accelerator.reduce(wishes, "sum") > 0).tolist()
        return stop, due

    def _start_from_sources(self, stage: Stage) -> None:
        for name, source in stage.starts_from.items():
            earlier = {other.name: other for other in self._stages}.get(str(source))
            if earlier is None:
                _, state = weights.read(Path(source))
            else:
                tensors = self._folder.checkpoints.last_of(earlier.name).tensors
                averaged = name == earlier.product and earlier.ema is not None
                state = below(tensors, "ema/" if averaged else f"modules/{name}/")
            load_state(stage.modules[name], state, f"{source}: the module {name!r}")

    def _revive(self, stage: Stage) -> None:
        """Give a finished stage's modules the weights that they ended with, since a later stage may share them."""
        tensors = self._folder.checkpoints.last_of(stage.name).tensors
        for name, module in stage.modules.items():
            load_state(module, below(tensors, f"modules/{name}/"), f"the checkpoint's module {name!r}")

    def _weights_path(self, stage: Stage) -> Path:
        """Return the path of a product: weights/MODULE.safetensors for a module's last, with the stage's name for an
        earlier one.
        """
        last = [other for other in self._stages if other.product == stage.product][-1]
        name = stage.product if stage is last else f"{stage.product}-{stage.name}"
        return self._folder.weights / f"{name}.safetensors"

    def _trained_by(self, index: int) -> set[Component]:
        """Return the components of the recipe and of all modules up to a stage, its product apart, and of estimated
        priors.
        """
        stage = self._stages[index]
        product = stage.modules[str(stage.product)]
        modules = [module for other in self._stages[: index + 1] for module in other.modules.values()]
        beside = [module for module in modules if module is not product]
        sets = [TrainingSet.model_validate(data) for data in self._card["data"]]
        made = components_of([self._recipe, *beside], "training")
        return {*made, *(part for data in sets for part in data.components)}

    def _stage_card(self, stage: Stage) -> dict[str, Any]:
        name, value = self._scores[stage.name]
        by = f"{self._validator.protocol.id}, val" if name == ModelScore.name else "val"
        return {
            **self._card,
            "stage": stage.name,
            "steps": self._steps[stage.name],
            "scores": {f"{name} ({by})": value},
            "prior": prior_given(stage.modules[str(stage.product)]),
            "networks": {name: type(stage.modules[name]).__name__ for name in sorted(stage.frozen)},
            "absent": dict(stage.absent),
            "starts_from": {name: str(source) for name, source in stage.starts_from.items()},
        }
