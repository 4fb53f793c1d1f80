"""Run stages one after the other, with validation and saving."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from priorsr.errors import DataError, PriorsrError, mistakes_in
from priorsr.models import weights
from priorsr.training.checkpoints import Checkpoint, CheckpointFacts, Checkpoints, Place
from priorsr.training.interrupt import Interruption, TrainingInterruptedError
from priorsr.training.loop import StageLoop, below, load_state
from priorsr.training.plan import validation_interval
from priorsr.training.planned_run import PlannedRun
from priorsr.training.stage import Stage
from priorsr.training.step_window import StepWindow
from priorsr.training.validation import FACES


@dataclass(frozen=True)
class RunResult:
    """The result of a run: its folder, and by stage the product's weights and its score on `val` as (name, value).

    The score is `psnr_y` in dB for a model; `parsing_iou` or `nme` for an estimator.
    """

    folder: Path
    products: Mapping[str, Path]
    scores: Mapping[str, tuple[str, float]]


class Trainer:
    """Runs stages in order, from the beginning or from a checkpoint.

    Each process has a Trainer; the main process writes the files.
    """

    def __init__(self, run: PlannedRun) -> None:
        self._run = run
        self._stages = run.setup.stages
        self._accelerator = run.setup.accelerator
        self._folder = run.folder
        self._log = run.log
        self._interruption = Interruption()
        self._scores: dict[str, tuple[str, float]] = {}
        self._saved = time.monotonic()

    def run(self, checkpoint: Checkpoint | None) -> RunResult:
        """Run the stages from the checkpoint on, or all of them.

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
                    steps_before += self._run.steps[stage.name]
            except BaseException:
                with suppress(PriorsrError):  # the error that ended the run is the one to raise
                    self._log.draw(now=True)
                raise
            self._log.draw(now=True)
        products = {stage.name: self._run.weights_path(stage) for stage in self._stages if stage.product}
        return RunResult(self._folder.path, products, self._scores)

    def _run_stage(self, index: int, stage: Stage, checkpoint: Checkpoint | None, steps_before: int) -> None:
        if checkpoint is None:
            self._start_from_sources(stage)
        loop = self._run.setup.loop(stage, self._run.steps[stage.name])
        try:
            if checkpoint:
                loop.restore(checkpoint.tensors, checkpoint.place.step)
            self._log.begin(stage.name, loop.steps, loop.step, steps_before)
            self._train(index, loop)
            if loop.product is not None and self._accelerator.is_main_process:
                card, path = self._run.card(stage, *self._scores[stage.name]), self._run.weights_path(stage)
                weights.save(loop.product, path, card=card, trained_by=self._run.trained_by(index))
        finally:
            self._log.report.end()
            loop.close()
        self._accelerator.wait_for_everyone()

    def _train(self, index: int, loop: StageLoop) -> None:
        interval = validation_interval(loop.steps, self._run.pace.validate_every)
        window = StepWindow(loop.stage.name, self._accelerator)
        window.restart()
        fork = loop.decay_start
        while loop.step < loop.steps:
            window.add(loop.advance())
            last = loop.step == loop.steps
            stop, due = self._wishes(last or loop.step % self._run.pace.log_every == 0)
            if stop or last or loop.step == fork or loop.step % self._run.pace.log_every == 0:
                self._log.write(window.line())
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
                    f"{self._folder.path}; resume it to continue (resume=True)"
                )

    def _validate(self, loop: StageLoop, faces: int | None) -> None:
        if loop.product is None:
            return
        began = time.monotonic()
        loop.check_finite()
        loop.share_buffers()
        with mistakes_in(f"the stage {loop.stage.name!r}, validated after step {loop.step}"):
            score = self._run.setup.validator.score(loop.product, faces)
        self._scores[loop.stage.name] = score.score, score.value
        if self._accelerator.is_main_process:
            strip = self._run.setup.validator.strip(loop.product, f"{loop.stage.name}, step {loop.step:,}")
            self._log.show(loop.stage.name, loop.step, strip)
        place = {"kind": "validation", "stage": loop.stage.name, "step": loop.step}
        self._log.write({**place, **asdict(score), "seconds": time.monotonic() - began})
        self._log.draw(now=False)

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

        Processes agree on both at the steps at which metrics lines are written.
        """
        stop = self._interruption.requested
        due = at_line and time.monotonic() - self._saved >= self._run.pace.checkpoint_seconds
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
        """Load the final weights of a finished stage into its modules, which a later stage may share."""
        tensors = self._folder.checkpoints.last_of(stage.name).tensors
        for name, module in stage.modules.items():
            load_state(module, below(tensors, f"modules/{name}/"), f"the checkpoint's module {name!r}")
