"""For each contract check, components that are wrong in that respect alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from priorsr.containers import Batch, Prior, SROutput
from priorsr.errors import ShapeError
from priorsr.training import Progress
from tests.testing.right_components import (
    MeanDifference,
    Right,
    RightDistillation,
    RightEstimator,
    RightModel,
    RightRecipe,
    RightScore,
    RightSetScore,
    Scale,
)


class AnswersATuple(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> tuple[Tensor]:
        return (super().forward(x, residual),)


class OddSizes(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = super().forward(x, residual)
        return y[:, :, : y.shape[2] // 2 * 2]


class DtypeFollowsInput(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual).float()


class Bfloat16FollowsInput(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = super().forward(x, residual)
        return y.float() if x.dtype == torch.bfloat16 else y


class DeviceFollowsInput(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.gain = torch.ones(1, channels, 1, 1)  # a plain tensor, which .to() does not move

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) * self.gain.to(x.dtype)


class InputsUnchanged(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        with torch.no_grad():
            x.clamp_(-1, 1)
        return super().forward(x, residual)


class SameAnswerTwice(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        noise = torch.randn(1, device=x.device, dtype=x.dtype)
        return super().forward(x, residual) + noise


class SecondBackward(Right):
    __doc__ = Right.__doc__
    last: Tensor | float = 0.0

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = super().forward(x, residual)
        answer = y + 0 * self.last
        self.last = y.square().mean()
        return answer


class GrowingGradients(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        self.conv.weight.register_hook(lambda gradient: 2 * gradient)  # one more at each call
        return super().forward(x, residual)


class AnotherBatchSize(Right):
    __doc__ = Right.__doc__
    batch: int | None = None

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        self.batch = self.batch or x.shape[0]
        return super().forward(x, residual) * (1 if x.shape[0] == self.batch else 2)


class AnotherBatchSizeInTraining(AnotherBatchSize):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) if self.training else Right.forward(self, x, residual)


class PermutedBatch(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) + x[:1]


class FirstImageCountsTwice(RightSetScore):
    __doc__ = RightSetScore.__doc__

    def start(self) -> MeanDifference:
        class Lopsided(MeanDifference):
            def mean(self) -> float:
                return super().mean() + self.differences[0]

        return Lopsided()


class EveryParameterHasAGradient(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.unused = nn.Parameter(torch.ones(channels))


class StateDictRoundTrip(Right):
    __doc__ = Right.__doc__

    def load_state_dict(self, *args, **kwargs):
        return None


class HiddenBuffer(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.register_buffer("gain", torch.rand(1, channels, 1, 1), persistent=False)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) + self.gain


class BadShapesRaise(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = self.conv(x[:, : self.channels])
        return y if residual is None else y + residual


class BroadcastsTheResidual(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        if residual is None:
            return super().forward(x)
        if x.shape[1:] != residual.shape[1:]:
            raise ShapeError("another shape")
        return super().forward(x) + residual


class IgnoresTheResidual(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        super().forward(x, residual)
        return super().forward(x)


class RequiresAResidual(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return super().forward(x, residual)


class DocstringHeadings(Right):
    """Says nothing of shapes."""


class InheritsItsDocstring(Right): ...


class NaNForBlackFaces(RightScore):
    __doc__ = RightScore.__doc__

    def divided(self, product: Tensor, norms: Tensor) -> Tensor:
        return product / norms


class NaNForEqualSets(RightSetScore):
    __doc__ = RightSetScore.__doc__

    def start(self) -> MeanDifference:
        class Relative(MeanDifference):
            def value(self) -> float:
                return super().value() or math.nan

        return Relative()


class TeacherIsDetached(RightDistillation):
    __doc__ = RightDistillation.__doc__

    def held(self, teacher: Tensor) -> Tensor:
        return teacher


class StagesLearn(RightRecipe):
    __doc__ = RightRecipe.__doc__

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        loss = super().step(modules, batch, progress)["net"]
        return {"net": loss / (99 - progress.step)}


class AnswersNoState(RightEstimator):
    __doc__ = RightEstimator.__doc__

    def forward(self, images: Tensor, state: Tensor | None = None) -> Prior:
        return super().forward(images, state)[0]


class LandmarksFollowInput(RightEstimator):
    __doc__ = RightEstimator.__doc__

    def forward(self, images: Tensor, state: Tensor | None = None) -> tuple[Prior, Tensor | None]:
        prior, state = super().forward(images, state)
        return prior._replace(landmarks=prior.landmarks.to(images.dtype)), state


class AnswersABareTensor(RightModel):
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


class AnswersWithoutItsPrior(RightModel):
    __doc__ = RightModel.__doc__

    def steer(self, image: Tensor, prior: Prior | None) -> Tensor:
        return torch.zeros_like(image) if prior is None else super().steer(image, prior)


class RefusesWithoutItsOption(RightModel):
    __doc__ = RightModel.__doc__
    prior = "optional"


class UnknownPrior(AnswersWithoutItsPrior):
    __doc__ = RightModel.__doc__
    prior = "sometimes"


class RightWithoutPrior(AnswersWithoutItsPrior):
    __doc__ = RightModel.__doc__
    prior = "optional"


RIGHT = (
    Right,
    RightDistillation,
    RightEstimator,
    RightModel,
    RightWithoutPrior,
    RightRecipe,
    RightScore,
    RightSetScore,
)


class FetchesWhatAFileNames(RightEstimator):
    __doc__ = RightEstimator.__doc__

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()


class TakesAPath(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int, cascade: Path | None = None) -> None:
        super().__init__(channels)


WRONG = {
    "answer_type": (AnswersATuple, AnswersNoState, AnswersABareTensor),
    "shapes": (Shapes,),
    "odd_sizes": (OddSizes,),
    "dtype_follows_input": (DtypeFollowsInput, Bfloat16FollowsInput, LandmarksFollowInput),
    "device_follows_input": (DeviceFollowsInput,),
    "inputs_unchanged": (InputsUnchanged,),
    "same_answer_twice": (SameAnswerTwice,),
    "second_backward": (SecondBackward, GrowingGradients),
    "another_batch_size": (AnotherBatchSize, AnotherBatchSizeInTraining),
    "permuted_batch": (PermutedBatch, FirstImageCountsTwice),
    "every_parameter_has_a_gradient": (EveryParameterHasAGradient,),
    "state_dict_round_trip": (StateDictRoundTrip, HiddenBuffer),
    "bad_shapes_raise": (BadShapesRaise, BroadcastsTheResidual),
    "numbers_for_odd_faces": (NaNForBlackFaces, NaNForEqualSets),
    "local_options_are_declared": (FetchesWhatAFileNames, TakesAPath),
    "docstring_headings": (DocstringHeadings, InheritsItsDocstring),
    "residual_is_added": (IgnoresTheResidual, RequiresAResidual),
    "teacher_is_detached": (TeacherIsDetached,),
    "declares_its_facts": (KeepsNoConfig, KeepsNoSizeMultiple, UnknownPrior),
    "prior_as_declared": (AnswersWithoutItsPrior, RefusesWithoutItsOption),
    "stages_learn": (StagesLearn,),
}
