"""The progressive skeleton: grows from x2 to the full scale, one step at a time."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from priorsr.blocks.progressive_upsampler import ProgressiveUpsampler, doublings, fade_in
from priorsr.config import check_whole
from priorsr.containers import Prior, SROutput
from priorsr.errors import OptionError
from priorsr.models.enlarging import enlarge
from priorsr.models.input_checks import check_input
from priorsr.registry import PartSpec


@dataclass(frozen=True)
class ProgressiveConfig:
    """The parts and sizes of a progressive network.

    widths: channels of the features at the LR image's size, and after each step; a step doubles the sides.
    depth: residual blocks a step: one number, or one for each.
    scale: enlargement of the LR image's sides: a power of 2, whose exponent is the number of steps.
    upsampler: enlarges by 2 in each step. attention: attention of the residual blocks, if any. Both parts are a name,
    Part(name, **options) or a class.
    global_residual: add each step's output to the enlarged LR image, so that the network starts as the enlargement;
    otherwise a step predicts the whole image.
    """

    widths: tuple[int, ...] = (512, 256, 128, 64)
    depth: int | tuple[int, ...] = 1
    scale: int = 8
    upsampler: PartSpec = "transposed"
    attention: PartSpec | None = None
    global_residual: bool = False

    def __post_init__(self) -> None:
        check_whole(self, 1, 64, "scale")
        steps = self.steps
        if len(self.widths) != steps + 1 or min(self.widths) < 1:
            raise OptionError(
                f"widths is {self.widths}; {steps + 1} numbers from 1, for {steps} doublings, were expected"
            )
        depths = (self.depth,) * steps if isinstance(self.depth, int) else self.depth
        if len(depths) != steps or min(depths) < 0:
            raise OptionError(f"depth is {self.depth}; one number from 0, or {steps} of them, was expected")

    @property
    def steps(self) -> int:
        """Return the number of steps, each of which doubles the sides."""
        return doublings(self.scale)


class Progressive(nn.Module):
    """A network that enlarges in steps of x2, with an image after each, so that it can be trained step by step.

    Stem conv3x3, batch normalisation, ReLU; then the `progressive` upsampler, whose heads output RGB. `step`, from 1,
    is the last step to run (by default, all run). With `fade` below 1, a number or a scalar tensor, the step's image is
    blended with the earlier step's, enlarged by nearest neighbour: (1 - fade) * earlier + fade * new.

    Shapes: lr (B,3,h,w) -> sr (B,3,2^step*h,2^step*w); stages: the steps' images, the earlier ones before fading, the
        last one sr. Wrong shapes raise ShapeError, a step that does not exist OptionError.
    Range: RGB in [0, 1] up to overshoot; not clamped. Inside, images lie in [-1, 1]. In training, normalised by the
        batch's statistics.
    Source: the generator of PFSR (BMVC 2019). Departures: depth, parts and `global_residual`.
    """

    kind = "model"
    Config: type = ProgressiveConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: ProgressiveConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale
        first, *after = config.widths
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, padding=1), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        self.upsampler = ProgressiveUpsampler(
            first,
            3,
            config.scale,
            widths=after,
            depth=config.depth,
            upsampler=config.upsampler,
            attention=config.attention,
        )
        if config.global_residual:
            for parameter in self.upsampler.heads.parameters():
                nn.init.zeros_(parameter)

    def forward(
        self,
        lr: Tensor,
        prior: Prior | None = None,
        *,
        step: int | None = None,
        fade: float | Tensor = 1.0,
    ) -> SROutput:
        check_input(self, lr, prior)
        if step is not None and not 1 <= step <= self.config.steps:
            raise OptionError(f"{type(self).__name__}: step is {step}; 1 to {self.config.steps} was expected")
        images = [
            drawn / 2 + (enlarge(lr, 2**n).to(lr.dtype) if self.config.global_residual else 0.5)
            for n, drawn in enumerate(self.upsampler.outputs(self.stem(2 * lr - 1), leave=step), 1)
        ]
        *earlier, new = images
        sr = fade_in(earlier[-1], new, fade) if earlier else new
        return SROutput(sr, stages=(*earlier, sr))
