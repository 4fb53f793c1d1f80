"""For each contract check, components that are wrong in that respect alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from priorsr.containers import Batch, Prior, SROutput
from priorsr.errors import ShapeError
from priorsr.shapes import check_map, check_same
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
    bounds = (0.0, 2.0)

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
    __doc__ = f"{RightEstimator.__doc__}\n    weights: a file."

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()


class TakesAPath(Right):
    __doc__ = f"{Right.__doc__}\n    cascade: a file."

    def __init__(self, channels: int, cascade: Path | None = None) -> None:
        super().__init__(channels)


class NaNForEmptyMaps(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        size = x.flatten(1).norm(dim=1)[:, None, None, None]
        return super().forward(x, residual) + x / size  # 0 / 0 where all is zero


class SqueezesOneImage(RightScore):
    __doc__ = RightScore.__doc__

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        return super().forward(sr, hr).squeeze(0) if len(sr) == 1 else super().forward(sr, hr)


class BetterIsAWord(RightScore):
    __doc__ = RightScore.__doc__
    higher_is_better = "yes"


class LeavesItsBounds(RightScore):
    __doc__ = RightScore.__doc__
    bounds = (0.0, 0.5)


class DeclaresNoBounds(RightScore):
    __doc__ = RightScore.__doc__
    bounds = None


class ComputesInTheImagesPrecision(RightScore):
    __doc__ = RightScore.__doc__

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        wide = super().forward(sr, hr)
        product = (sr * hr).sum((1, 2, 3))
        norms = sr.square().sum((1, 2, 3)).sqrt() * hr.square().sum((1, 2, 3)).sqrt()
        return self.divided(product, norms).to(wide.dtype)


class SetOnAnotherDevice(RightSetScore):
    __doc__ = RightSetScore.__doc__

    def start(self) -> MeanDifference:
        class Shifted(MeanDifference):
            def add(self, sr: Tensor, hr: Tensor) -> None:
                check_map(sr, 3, "shifted")
                check_same(sr, hr, "shifted", "sr and hr")
                super().add(sr * torch.ones(1, 3, 1, 1, dtype=sr.dtype), hr)  # made on the CPU

        return Shifted()


class CountsItsSteps(RightRecipe):
    __doc__ = RightRecipe.__doc__

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        self.steps = getattr(self, "steps", 0) + 1  # in no checkpoint
        return {"net": super().step(modules, batch, progress)["net"] / self.steps}


class OptionWithoutAWord(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__(channels)


@dataclass(frozen=True)
class ScaleWithoutAWord:
    scale: int = 2


class FieldWithoutAWord(RightModel):
    __doc__ = RightModel.__doc__
    Config = ScaleWithoutAWord


WRONG = {
    "finite_results": (NaNForEmptyMaps,),
    "one_number_an_image": (SqueezesOneImage, BetterIsAWord),
    "values_in_range": (LeavesItsBounds, DeclaresNoBounds),
    "half_precision_is_close": (ComputesInTheImagesPrecision,),
    "resumes_exactly": (CountsItsSteps,),
    "options_are_documented": (OptionWithoutAWord, FieldWithoutAWord),
    "result_type": (AnswersATuple, AnswersNoState, AnswersABareTensor),
    "shapes": (Shapes,),
    "odd_sizes": (OddSizes,),
    "dtype_follows_input": (DtypeFollowsInput, Bfloat16FollowsInput, LandmarksFollowInput),
    "device_follows_input": (DeviceFollowsInput, SetOnAnotherDevice),
    "inputs_unchanged": (InputsUnchanged,),
    "same_result_twice": (SameAnswerTwice,),
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
