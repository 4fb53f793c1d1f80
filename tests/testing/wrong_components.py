"""A right component, and for each contract check one that is wrong in that respect alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from priorsr.shapes import check_map
from priorsr.training import Optimiser, Progress, Stage, epochs
from priorsr.types import Batch


class Right(nn.Module):
    """Holds the contract.

    Shapes: as given.
    Range: unbounded.
    Source: this test.
    """

    kind = "attention"

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "right")
        y = self.conv(x)
        return y if residual is None else y + residual


class RightDistillation(nn.Module):
    """Holds the contract.

    Shapes: as given.
    Range: unbounded.
    Source: this test.
    """

    kind = "distillation"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = tuple(student_channels)

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        for feature, channels in zip(student, self.channels, strict=True):
            check_map(feature, channels, "right distillation")
        return torch.stack([(s - self.held(t)).abs().mean() for s, t in zip(student, teacher, strict=True)]).mean()

    def held(self, teacher: Tensor) -> Tensor:
        return teacher.detach()


class Shapes(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = super().forward(x, residual)
        return y[:, :, :-1] if y.shape[2] == 8 else y


class OddSizes(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = super().forward(x, residual)
        return y[:, :, : y.shape[2] // 2 * 2]


class DtypeFollowsInput(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual).float()


class DeviceFollowsInput(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.gain = torch.ones(1, channels, 1, 1)  # a plain tensor, which .to() does not move

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) * self.gain


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


class AnotherBatchSize(Right):
    __doc__ = Right.__doc__
    batch: int | None = None

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        self.batch = self.batch or x.shape[0]
        return super().forward(x, residual) * (1 if x.shape[0] == self.batch else 2)


class PermutedBatch(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) + x[:1]


class EveryParameterHasAGradient(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.unused = nn.Parameter(torch.ones(channels))


class StateDictRoundTrip(Right):
    __doc__ = Right.__doc__

    def load_state_dict(self, *args, **kwargs):
        return None


class BadShapesRaise(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        y = self.conv(x[:, : self.channels])
        return y if residual is None else y + residual


class DocstringHeadings(Right):
    """Says nothing of shapes."""


class TeacherIsDetached(RightDistillation):
    __doc__ = RightDistillation.__doc__

    def held(self, teacher: Tensor) -> Tensor:
        return teacher


@dataclass(frozen=True)
class NoConfig:
    """Nothing to choose."""


class RightRecipe:
    """Holds the contract.

    Source: this test.
    """

    kind = "recipe"
    Config = NoConfig

    def __init__(self, config: NoConfig) -> None:
        self.config = config

    def stages(self) -> list[Stage]:
        return [
            Stage(
                name="only",
                modules={"net": nn.Conv2d(3, 3, 1)},
                optimisers={"net": Optimiser(("net",))},
                step=self.step,
                length=epochs(1),
                product=None,
            )
        ]

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> dict[str, Tensor]:
        return {"net": modules["net"](batch.hr).square().mean()}


class StagesLearn(RightRecipe):
    __doc__ = RightRecipe.__doc__

    def step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        loss = super().step(modules, batch, progress)["net"]
        return {"net": loss / (99 - progress.step)}


WRONG = {
    "shapes": Shapes,
    "odd_sizes": OddSizes,
    "dtype_follows_input": DtypeFollowsInput,
    "device_follows_input": DeviceFollowsInput,
    "inputs_unchanged": InputsUnchanged,
    "same_answer_twice": SameAnswerTwice,
    "second_backward": SecondBackward,
    "another_batch_size": AnotherBatchSize,
    "permuted_batch": PermutedBatch,
    "every_parameter_has_a_gradient": EveryParameterHasAGradient,
    "state_dict_round_trip": StateDictRoundTrip,
    "bad_shapes_raise": BadShapesRaise,
    "docstring_headings": DocstringHeadings,
    "teacher_is_detached": TeacherIsDetached,
    "stages_learn": StagesLearn,
}
