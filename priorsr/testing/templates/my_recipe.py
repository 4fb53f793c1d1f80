"""A recipe: one stage that trains any model by its differences and those of its edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import priorsr
from priorsr.losses import l1
from priorsr.training import Optimiser, Progress, Stage, StepResult, cosine, epochs
from torch import Tensor, nn


@dataclass(frozen=True)
class MyRecipeConfig:
    """The settings of the training.

    model: the name of a model. preset: of its config; None for the config's defaults.
    edge_weight: of the edges' L1 beside the pixels'. learning_rate: at its highest. batch_size: faces a step.
    epochs: how long, where the run is not given its steps or minutes.
    """

    model: str = "encoder_decoder"
    preset: str | None = None
    edge_weight: float = 0.1
    learning_rate: float = 1e-3
    batch_size: int = 16
    epochs: float = 100

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": {"batch_size": 8}}


class MyRecipe:
    """One stage, `model`: L1 between SR and HR, and between their differences of neighbouring pixels.

    Source: ours.
    """

    kind = "recipe"
    contract = 2  # the version of the contract, see priorsr.testing
    Config = MyRecipeConfig
    reduction = "pil-bicubic"

    def __init__(self, config: MyRecipeConfig) -> None:
        self.config = config
        self.model = priorsr.create("model", config.model, preset=config.preset)
        self.scale = self.model.scale

    def stages(self) -> list[Stage]:
        """Return the stages, in the order in which they run."""
        config = self.config
        return [
            Stage(
                name="model",
                modules={"model": self.model},
                optimisers={"model": Optimiser(("model",), lr=config.learning_rate, schedule=cosine(), clip=1.0)},
                step=self._step,
                length=epochs(config.epochs),
                product="model",
                batch_size=config.batch_size,
                flip=True,
            )
        ]

    def _step(self, modules: Mapping[str, nn.Module], batch: priorsr.Batch, _: Progress) -> StepResult:
        """Return the loss and its terms; nothing is kept between steps, so a run may be killed and resumed."""
        prior = batch.prior if self.model.prior == "required" else None
        sr = modules["model"](batch.lr, prior).sr
        pixels, edges = l1(sr, batch.hr), self._edges(sr, batch.hr)
        return StepResult({"model": pixels + self.config.edge_weight * edges}, {"pixels": pixels, "edges": edges})

    @staticmethod
    def _edges(sr: Tensor, hr: Tensor) -> Tensor:
        return l1(sr.diff(dim=2), hr.diff(dim=2)) + l1(sr.diff(dim=3), hr.diff(dim=3))
