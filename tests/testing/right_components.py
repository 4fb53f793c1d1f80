"""Components that hold their contract, from which the wrong ones derive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Batch, Prior, SROutput
from priorsr.errors import PriorsrError
from priorsr.execution.half import wide
from priorsr.shapes import check_batch, check_map, check_same
from priorsr.training import Optimiser, Progress, Stage, epochs


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
        if residual is None:
            return self.conv(x)
        check_same(x, residual, "right", "x and residual")
        return self.conv(x) + residual


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
        for s, t, channels in zip(student, teacher, self.channels, strict=True):
            check_map(s, channels, "right distillation")
            check_same(s, t, "right distillation", "the features")
        pairs = zip(student, teacher, strict=True)
        return torch.stack([(wide(s) - wide(self.held(t))).abs().mean() for s, t in pairs]).mean()

    def held(self, teacher: Tensor) -> Tensor:
        return teacher.detach()


@dataclass(frozen=True)
class NoConfig:
    """Nothing to choose."""


class RightRecipe:
    """Holds the contract.

    Source: this test.
    """

    kind = "recipe"
    Config = NoConfig
    scale = 8
    reduction = "pil-bicubic"

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


class RightEstimator(nn.Module):
    """Holds the contract.

    Shapes: images (B,3,H,W) -> parsing (B,19,H,W), landmarks (B,68,2).
    Range: probabilities, and pixels.
    Source: this test.
    """

    kind = "estimator"

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 19, 1)

    def forward(self, images: Tensor, state: Tensor | None = None) -> tuple[Prior, Tensor | None]:
        check_map(images, 3, "right estimator")
        landmarks = images.mean((1, 2, 3))[:, None, None].expand(-1, 68, 2)
        return Prior(self.conv(images).softmax(1), landmarks.float()), state


@dataclass(frozen=True)
class Scale:
    """scale: how many times the sides grow."""

    scale: int = 2


class RightModel(nn.Module):
    """Holds the contract.

    Shapes: lr (B,3,h,w), parsing (B,19,2h,2w) -> (B,3,2h,2w).
    Range: unbounded.
    Source: this test.
    """

    kind = "model"
    Config = Scale
    prior = "required"

    def __init__(self, config: Scale) -> None:
        super().__init__()
        self.config, self.scale, self.size_multiple = config, config.scale, 1
        self.conv = nn.Conv2d(19, 3, 1)

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        check_map(lr, 3, "right model")
        image = F.interpolate(lr, scale_factor=self.scale)
        return SROutput(image + self.steer(image, prior))

    def steer(self, image: Tensor, prior: Prior | None) -> Tensor:
        if prior is None or prior.parsing is None:
            raise PriorsrError("right model: a prior was expected")
        check_map(prior.parsing, 19, "right model")
        check_batch(image, prior.parsing, "right model", "image and parsing")
        return self.conv(prior.parsing)


class RightScore(nn.Module):
    """Holds the contract.

    Shapes: sr and hr (B,3,H,W) -> (B,).
    Range: -1 to 1.
    Source: this test.
    """

    kind = "score"
    higher_is_better = True
    bounds = (-1.0, 1.0)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "cosine", "sr")
        check_same(sr, hr, "cosine", "sr and hr")
        a, b = (images.to(torch.promote_types(images.dtype, torch.float32)).flatten(1) for images in (sr, hr))
        return self.divided((a * b).sum(1), a.norm(dim=1) * b.norm(dim=1))

    def divided(self, product: Tensor, norms: Tensor) -> Tensor:
        return torch.where(norms > 0, product / norms, 0)


class RightSetScore(nn.Module):
    """Holds the contract.

    Shapes: sr and hr (B,3,H,W) -> a number.
    Range: from 0.
    Source: this test.
    """

    kind = "score"
    level = "set"
    higher_is_better = False
    bounds = (0.0, 1.0)

    def start(self) -> MeanDifference:
        return MeanDifference()


class MeanDifference:
    """How far the mean red of all SR images lies from that of all HR images."""

    def __init__(self) -> None:
        self.differences: list[float] = []

    def add(self, sr: Tensor, hr: Tensor) -> None:
        check_map(sr, 3, "mean difference")
        check_same(sr, hr, "mean difference", "sr and hr")
        self.differences += (sr[:, 0].double() - hr[:, 0].double()).mean((1, 2)).tolist()

    def value(self) -> float:
        return abs(self.mean())

    def mean(self) -> float:
        return sum(self.differences) / len(self.differences)

    def warning(self) -> str | None:
        return None
