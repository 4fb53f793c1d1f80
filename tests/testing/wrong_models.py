"""Models and estimators that are wrong in one respect each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from priorsr.containers import Prior, SROutput
from tests.testing.right_components import (
    RightEstimator,
    RightModel,
    Scale,
)


class ReturnsNoState(RightEstimator):
    __doc__ = RightEstimator.__doc__

    def forward(self, images: Tensor, state: Tensor | None = None) -> Prior:
        return super().forward(images, state)[0]


class LandmarksFollowInput(RightEstimator):
    __doc__ = RightEstimator.__doc__

    def forward(self, images: Tensor, state: Tensor | None = None) -> tuple[Prior, Tensor | None]:
        prior, state = super().forward(images, state)
        return prior._replace(landmarks=prior.landmarks.to(images.dtype)), state


class ReturnsABareTensor(RightModel):
    __doc__ = RightModel.__doc__

    def forward(self, lr: Tensor, prior: Prior | None = None) -> Tensor:
        return super().forward(lr, prior).sr


class Shapes(RightModel):
    __doc__ = RightModel.__doc__

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        sr = super().forward(lr, prior).sr
        return SROutput(sr[:, :, :-1] if sr.shape[2] == 8 else sr)


class KeepsNoConfig(RightModel):
    __doc__ = RightModel.__doc__

    def __init__(self, config: Scale) -> None:
        super().__init__(config)
        del self.config


class KeepsNoSizeMultiple(RightModel):
    __doc__ = RightModel.__doc__

    def __init__(self, config: Scale) -> None:
        super().__init__(config)
        del self.size_multiple


class ReturnsWithoutItsPrior(RightModel):
    __doc__ = RightModel.__doc__

    def steer(self, image: Tensor, prior: Prior | None) -> Tensor:
        return torch.zeros_like(image) if prior is None else super().steer(image, prior)


class RefusesWithoutItsOption(RightModel):
    __doc__ = RightModel.__doc__
    prior = "optional"


class UnknownPrior(ReturnsWithoutItsPrior):
    __doc__ = RightModel.__doc__
    prior = "sometimes"


class RightWithoutPrior(ReturnsWithoutItsPrior):
    __doc__ = RightModel.__doc__
    prior = "optional"


class FetchesWhatAFileNames(RightEstimator):
    __doc__ = f"{RightEstimator.__doc__}\n    weights: a file."

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()


@dataclass(frozen=True)
class ScaleWithoutAWord:
    scale: int = 2


class FieldWithoutAWord(RightModel):
    __doc__ = RightModel.__doc__
    Config = ScaleWithoutAWord
