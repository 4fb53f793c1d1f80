"""Attentions that are wrong in one respect each."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from priorsr.errors import ShapeError
from tests.testing.right_components import (
    Right,
)


class ReturnsATuple(Right):
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


class SameResultTwice(Right):
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


class TakesAPath(Right):
    __doc__ = f"{Right.__doc__}\n    cascade: a file."

    def __init__(self, channels: int, cascade: Path | None = None) -> None:
        super().__init__(channels)


class NaNForEmptyMaps(Right):
    __doc__ = Right.__doc__

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        size = x.flatten(1).norm(dim=1)[:, None, None, None]
        return super().forward(x, residual) + x / size  # 0 / 0 where all is zero


class OptionWithoutAWord(Right):
    __doc__ = Right.__doc__

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__(channels)
