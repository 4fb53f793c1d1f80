"""Build the parts of a run before its first step: stages, loaders, loops, and numbers of steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from priorsr.containers import Batch
from priorsr.data import FaceSet, MixedLoader, Pairs, Reduction, ShardLoader, ShardSet
from priorsr.data.ahead import AheadLoader
from priorsr.data.shards.broken_faces import BrokenFaces
from priorsr.data.training_set import OpenedSource, describe
from priorsr.errors import OptionError, mistakes_in
from priorsr.execution.eval_mode import in_eval_mode
from priorsr.models import weights
from priorsr.training.blueprint import Blueprint
from priorsr.training.loop import StageLoop
from priorsr.training.plan import StageCost, check_stages, steps_by_length, steps_by_seconds, steps_by_total
from priorsr.training.precision import resolve_precision
from priorsr.training.settings import Settings
from priorsr.training.stage import Stage
from priorsr.training.validation import SHOWN, Validator
from priorsr.training.validation_scores import prior_given
from priorsr.training.warmup import LEAST_STEPS, measure

Loader = MixedLoader | ShardLoader | AheadLoader


class Setup:
    """The stages, loaders and validation that settings, recipe and data determine; checks the stages when created.

    sources: the face sets and pairs of the training, each with its weight, or shards alone. validation: the face set or
    shards whose split `val` is used for validation, or pairs. workers: processes that read pairs and shards; 0 reads
    pairs between the steps, and shards in a thread. sets: the training data as cards describe them. broken: the faces
    of shards that could not be read.
    """

    def __init__(
        self,
        settings: Settings,
        blueprint: Blueprint,
        sources: Sequence[tuple[OpenedSource, float]],
        validation: OpenedSource,
        accelerator: Accelerator,
        workers: int = 0,
        broken: Literal["replace", "stop"] = "replace",
    ) -> None:
        self.settings = settings
        self.precision = resolve_precision(settings.precision or "auto", accelerator.device)
        self._blueprint = blueprint
        self._sources, self._workers = sources, workers
        self._holds_pairs = any(isinstance(source, Pairs) for source, _ in sources)
        self.broken = BrokenFaces(broken)
        self.accelerator = accelerator
        self._seed = settings.seed or 0
        self.processes = accelerator.num_processes
        self._loaders: dict[tuple[int, bool, bool, float], Loader] = {}
        self.recipe, self.stages = blueprint.build(self._seed)
        check_stages(self.stages)
        self._reduction = Reduction(scale=self.recipe.scale, kernel=self.recipe.reduction)
        self.sets = [describe(source, weight=weight) for source, weight in sources]
        self.validator = Validator(validation, self._reduction, accelerator, self.broken)

    @property
    def hr_size(self) -> int:
        """Return the height of the HR images of the first source."""
        first, _ = self._sources[0]
        if isinstance(first, FaceSet):
            return first.manifest.image_sizes[0][0]
        return first.size[0] if isinstance(first, Pairs) else first.index.image_size[0]

    @property
    def reduction(self) -> str:
        """Return the reduction as cards describe it: the kernel, or the Datasets that contain LR images themselves."""
        given = [str(source) for source, _ in self._sources if isinstance(source, Pairs)]
        if not given:
            return str(self.recipe.reduction)
        kernel = "" if len(given) == len(self._sources) else f"{self.recipe.reduction}; "
        return f"{kernel}as given by {', '.join(given)}"

    def loader(self, stage: Stage) -> Loader:
        """Return the loader of a stage's batches, or of this process's share; raises OptionError for uneven shares."""
        if stage.batch_size % self.processes:
            raise OptionError(
                f"the stage {stage.name!r} has batches of {stage.batch_size} faces, and there are {self.processes} "
                "processes; a multiple was expected"
            )
        key = (stage.batch_size, stage.flip, stage.quarter_turns, stage.zoom)
        if key not in self._loaders:  # creating a loader decodes every face of a face set
            loader = self._opened(stage)
            ahead = self._workers and (self._holds_pairs or isinstance(loader, ShardLoader))
            self._loaders[key] = AheadLoader(loader, self._workers) if ahead else loader
        return self._loaders[key]

    def _opened(self, stage: Stage) -> MixedLoader | ShardLoader:
        options: dict[str, Any] = {
            "batch_size": stage.batch_size // self.processes,
            "reduction": self._reduction,
            "seed": self._seed,
            "flip": stage.flip,
            "quarter_turns": stage.quarter_turns,
            "zoom": stage.zoom,
            "shard": (self.accelerator.process_index, self.processes),
        }
        first, _ = self._sources[0]
        if isinstance(first, ShardSet):
            return ShardLoader(first, "train", broken=self.broken, **options)
        sets = [(source, weight) for source, weight in self._sources if not isinstance(source, ShardSet)]
        return MixedLoader(sets, "train", **options)

    def loop(self, stage: Stage, steps: int) -> StageLoop:
        """Return the loop of a stage, before its first step."""
        return StageLoop(
            stage,
            self.loader(stage),
            steps=steps,
            seed=self._seed,
            accelerator=self.accelerator,
            precision=self.precision,
            channels_last=self.settings.channels_last is not False,
            read_ahead=not self._holds_pairs or self._workers > 0,
        )

    def rehearse(self) -> None:
        """Open the faces of all stages, and run every product on a few validation faces and save it.

        Mistakes then show before hours of training. Models that require a prior also run on training faces. Raises
        PriorsrError for a missing prior or a model that is not registered.
        """
        with TemporaryDirectory() as folder:
            for stage in self.stages:
                self.loader(stage)
                if stage.product:
                    product = stage.modules[stage.product].to(self.accelerator.device)
                    with mistakes_in(f"the stage {stage.name!r}, before its first step"):
                        self.validator.score(product, SHOWN)
                        weights.save(product, Path(folder) / "product.safetensors")
                for name, module in stage.modules.items():
                    if prior_given(module) != "none":
                        with mistakes_in(f"the stage {stage.name!r}: its {name!r}, given faces to train on"):
                            self._rehearse_prior(module, self.loader(stage).batch(0))

    @torch.no_grad()
    def _rehearse_prior(self, module: nn.Module, batch: Batch) -> None:
        lr, prior = tree_map_only(
            Tensor, lambda tensor: tensor[:1].to(self.accelerator.device), (batch.lr, batch.prior)
        )
        with in_eval_mode(module.to(self.accelerator.device)):
            module(lr, prior)

    def steps(self, began: float) -> tuple[dict[str, int], dict[str, StageCost]]:
        """Return the steps of each stage, and the measured costs if minutes were given, which count from `began`."""
        if self.settings.steps is not None:
            return steps_by_total(self.stages, self.settings.steps), {}
        by_length = steps_by_length(self.stages, {s.name: self.loader(s).steps_per_epoch for s in self.stages})
        if self.settings.minutes is None:
            return by_length, {}
        seconds = self.settings.minutes * 60
        costs = {}
        for stage in self._blueprint.build(self._seed)[1]:  # discarded afterwards, so that the run starts afresh
            loop = self.loop(stage, max(LEAST_STEPS, by_length[stage.name]))
            costs[stage.name] = measure(loop, self.validator, self.accelerator, 0.05 * seconds)
            loop.close()
        left = seconds - (time.monotonic() - began)
        return steps_by_seconds(self.stages, left, costs, self.settings.validate_every), costs
