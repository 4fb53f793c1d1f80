"""The simplest recipe: train any model by L1 on pairs of LR and HR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from torch import Tensor, nn

from priorsr.config import build_config
from priorsr.containers import Batch
from priorsr.losses import l1
from priorsr.registry import Part, create, find
from priorsr.training.durations import Duration, Progress, epochs, fraction
from priorsr.training.schedules import Schedule, cosine
from priorsr.training.stage import Optimiser, Stage


@dataclass(frozen=True)
class SupervisedConfig:
    """Config for training one model.

    model: the name of a registered model, or Part(name, **options).
    preset: a preset of the model's config; None for its defaults.
    options: options of the model's config, by name.
    learning_rate: the highest learning rate. schedule: its course. batch_size: faces per step, over all processes.
    flip, quarter_turns, zoom: augmentation, see `priorsr.data.augmentation.Augmentation`.
    ema: decay of the moving average of the weights; None for no average. clip: the largest norm of the gradients.
    length: length of the stage, if the run is given neither steps nor minutes.
    reduction: the kernel that makes LR images.
    """

    model: str | Part = "encoder_decoder"
    preset: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 1e-3
    schedule: Schedule = field(default_factory=lambda: cosine(warmup=fraction(0.02)))
    batch_size: int = 16
    flip: bool = True
    quarter_turns: bool = False
    zoom: float = 1.0
    ema: float | None = 0.999
    clip: float | None = 1.0
    length: Duration = field(default_factory=lambda: epochs(100))
    reduction: str = "pil-bicubic"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def resolved(self) -> SupervisedConfig:
        """Return the config with every option of the model filled in, also from its preset and its defaults."""
        part = self.part
        options = {**part.options, **self.options}
        config = build_config(find("model", part.name).Config, self.preset, options, f"model {part.name!r}")  # type: ignore[attr-defined]
        return replace(self, model=part.name, preset=None, options=dict(vars(config)))

    @property
    def part(self) -> Part:
        """Return the model as a part."""
        return self.model if isinstance(self.model, Part) else Part(self.model)


class SupervisedRecipe:
    """One stage, `model`: L1 between SR and HR, with the prior for a model that requires one.

    Source: the usual baseline; the schedule is `priorsr.training.teacher_student.NANO`'s.
    """

    kind = "recipe"
    Config = SupervisedConfig

    def __init__(self, config: SupervisedConfig) -> None:
        self.config = config
        self.reduction = config.reduction
        part = config.part
        self.model = create("model", part.name, preset=config.preset, **{**part.options, **config.options})
        self.scale = self.model.scale

    def stages(self) -> list[Stage]:
        config = self.config
        optimiser = Optimiser(("model",), lr=config.learning_rate, schedule=config.schedule, clip=config.clip)
        return [
            Stage(
                name="model",
                modules={"model": self.model},
                optimisers={"model": optimiser},
                step=self._step,
                length=config.length,
                product="model",
                ema=config.ema,
                batch_size=config.batch_size,
                flip=config.flip,
                quarter_turns=config.quarter_turns,
                zoom=config.zoom,
            )
        ]

    def _step(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> dict[str, Tensor]:
        prior = batch.prior if modules["model"].prior == "required" else None
        return {"model": l1(modules["model"](batch.lr, prior).sr, batch.hr)}
