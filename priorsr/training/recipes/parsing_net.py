"""Train the parsing estimator on faces with parsing maps, seen as HR and as enlarged LR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.config import check_not_negative
from priorsr.containers import Batch
from priorsr.errors import OptionError
from priorsr.estimators.parsing_net import ParsingNet
from priorsr.models.enlarging import enlarge
from priorsr.pretrained import UNTRAINED
from priorsr.training import Duration, Optimiser, Progress, Schedule, Stage, StepResult, cosine, epochs, fraction

LEAST = 1e-8  # of a probability, before its logarithm
LUMINANCE = (0.299, 0.587, 0.114)  # BT.601
RARE = 1e-4  # the share of pixels below which a class gains no more weight


@dataclass(frozen=True)
class ParsingNetConfig:
    """Config for training `parsing_net`. The only preset is `nano`, the defaults: no paper describes this network.

    widths, size: options of the network. from_lr: the part of the faces seen as LR, enlarged bicubically.
    dice_weight: weight of the Dice term, which counts small and large classes alike, beside cross entropy.
    balanced_until: the time from which cross entropy counts every pixel alike. Before, small classes weigh more (at the
        start by the inverse square root of their share), so that eyes and brows are found early; if that lasted to the
        end, they would be drawn too large.
    rotation (degrees), scaling, shift (parts of the image), brightness, contrast, saturation (parts of the original):
        the largest random change of each face, to either side.
    scale, reduction: the scale and kernel that make LR images.
    learning_rate: the highest learning rate. schedule: its course. batch_size: faces per step, over all processes.
    length: length of the stage, if the run is given neither steps nor minutes.
    """

    widths: tuple[int, ...] = (32, 64, 96, 128)
    size: int = 128
    from_lr: float = 0.5
    dice_weight: float = 1.0
    balanced_until: Duration = field(default_factory=lambda: fraction(0.6))
    rotation: float = 10.0
    scaling: float = 0.15
    shift: float = 0.05
    brightness: float = 0.2
    contrast: float = 0.0
    saturation: float = 0.0
    learning_rate: float = 5e-3
    schedule: Schedule = field(default_factory=lambda: cosine(warmup=fraction(0.03)))
    batch_size: int = 16
    length: Duration = field(default_factory=lambda: epochs(50))
    scale: int = 8
    reduction: str = "pil-bicubic"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"nano": {}}

    def __post_init__(self) -> None:
        if not 0 <= self.from_lr <= 1:
            raise OptionError(f"from_lr is {self.from_lr}; a part from 0 to 1 was expected")
        check_not_negative(self, "dice_weight", "rotation", "scaling", "shift", "brightness", "contrast", "saturation")


class ParsingNetRecipe:
    """One stage: cross entropy, and 1 - Dice averaged over the classes in the batch, against the set's parsing maps.

    Source: ours; Dice as in V-Net (Milletari et al., 3DV 2016).
    """

    kind = "recipe"
    Config = ParsingNetConfig

    def __init__(self, config: ParsingNetConfig) -> None:
        self.config = config
        self.scale = config.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        config = self.config
        optimiser = Optimiser(
            ("estimator",), "adamw", lr=config.learning_rate, weight_decay=0.01, schedule=config.schedule, clip=1.0
        )
        return [
            Stage(
                name="estimator",
                modules={"estimator": ParsingNet(config.widths, config.size, UNTRAINED)},
                optimisers={"estimator": optimiser},
                step=self._step,
                length=config.length,
                product="estimator",
                batch_size=config.batch_size,
                flip=True,
            )
        ]

    def _step(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> StepResult:
        if batch.prior.parsing is None:
            raise OptionError(
                "parsing_net learns from parsing maps, and the training faces have none: add them to the set"
            )
        images, wanted = self._varied(self._seen(batch), batch.prior.parsing)
        parsing = modules["estimator"](images)[0].parsing
        entropy = cross_entropy(parsing, wanted, self._balance(progress))
        overlap = 1 - dice(parsing, wanted)
        loss = entropy + self.config.dice_weight * overlap
        return StepResult({"estimator": loss}, {"cross_entropy": entropy, "dice_loss": overlap})

    def _balance(self, progress: Progress) -> float:
        """Return the exponent of the class weights: 1/2 at the start, falling to 0."""
        return 0.5 * max(0.0, 1 - progress.passed(self.config.balanced_until))

    def _seen(self, batch: Batch) -> Tensor:
        """Return the faces (B,3,H,W), a random part of them as enlarged LR."""
        low = torch.rand(len(batch.hr), 1, 1, 1, device=batch.hr.device) < self.config.from_lr
        return torch.where(low, enlarge(batch.lr, batch.hr.shape[2] // batch.lr.shape[2]).clamp(0, 1), batch.hr)

    def _varied(self, images: Tensor, parsing: Tensor) -> tuple[Tensor, Tensor]:
        """Rotate, scale and shift images and maps alike, repeating edges; change light and colour of the images."""
        config = self.config
        turn, grow, light, right, down = (2 * torch.rand(5, len(images), device=images.device) - 1).unbind()
        angle, factor = torch.deg2rad(config.rotation * turn), 1 + config.scaling * grow
        cos, sin = factor * angle.cos(), factor * angle.sin()
        move = 2 * config.shift * torch.stack([right, down], 1)  # grids run from -1 to 1
        matrix = torch.cat([torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2), move[..., None]], 2)  # (B,2,3)
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        images, parsing = (
            F.grid_sample(x, grid, padding_mode="border", align_corners=False) for x in (images, parsing)
        )
        return self._coloured(images * (1 + config.brightness * light)[:, None, None, None]).clamp(0, 1), parsing

    def _coloured(self, images: Tensor) -> Tensor:
        """Change each image's contrast about its mean, and its saturation about its grey values."""
        config = self.config
        contrast, saturation = (2 * torch.rand(2, len(images), 1, 1, 1, device=images.device) - 1).unbind()
        mean = images.mean((1, 2, 3), keepdim=True)
        images = mean + (images - mean) * (1 + config.contrast * contrast)
        grey = (images * images.new_tensor(LUMINANCE)[:, None, None]).sum(1, keepdim=True)
        return grey + (images - grey) * (1 + config.saturation * saturation)


def cross_entropy(parsing: Tensor, wanted: Tensor, balance: float = 0.0) -> Tensor:
    """Return the cross entropy of class probabilities (B,P,H,W) against others: a scalar, a weighted mean over pixels.

    The weight of a class is its share of the batch's pixels to the power of -balance.
    """
    share = wanted.mean((0, 2, 3))
    weights = (share + RARE) ** -balance
    weighted = wanted * (weights / (weights * share).sum())[:, None, None]
    return -(weighted * parsing.clamp(min=LEAST).log()).sum(1).mean()


def dice(parsing: Tensor, wanted: Tensor) -> Tensor:
    """Return the soft Dice coefficient of class probabilities (B,P,H,W): a scalar, the mean over the classes in
    `wanted`.
    """
    shared, ours, theirs = (x.sum((0, 2, 3)) for x in (parsing * wanted, parsing, wanted))
    return (2 * shared / (ours + theirs).clamp(min=LEAST))[theirs > 0].mean()
