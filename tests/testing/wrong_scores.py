"""Scores that are wrong in one respect each."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from priorsr.shapes import check_map, check_same
from tests.testing.right_components import (
    MeanDifference,
    RightScore,
    RightSetScore,
)


class FirstImageCountsTwice(RightSetScore):
    __doc__ = RightSetScore.__doc__
    bounds = (0.0, 2.0)

    def start(self) -> MeanDifference:
        class Lopsided(MeanDifference):
            def mean(self) -> float:
                return super().mean() + self.differences[0]

        return Lopsided()


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
