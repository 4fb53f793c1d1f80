"""Progressive enlargement: a chain of x2 steps with fade-in, which can start and stop at any step."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.blocks.equalised_residual import EqualisedResidualBlock
from priorsr.errors import OptionError
from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map


def fade_in(earlier: Tensor, new: Tensor, fade: float | Tensor) -> Tensor:
    """Return (1 - fade) * earlier + fade * new; `fade` is a number or a scalar tensor from 0 to 1.

    earlier: (B,C,H/2,W/2), enlarged by nearest neighbour. new: (B,C,H,W).
    Source: Karras et al., "Progressive growing of GANs" (ICLR 2018), figure 2.
    """
    if isinstance(fade, float | int) and fade == 1:
        return new
    return (1 - fade) * F.interpolate(earlier, scale_factor=2, mode="nearest") + fade * new


class ProgressiveUpsampler(nn.Module):
    """log2(scale) steps of residual blocks, an enlargement by 2, batch normalisation and ReLU; a 1x1 head after each.

    A skeleton that grows calls `outputs(x, enter=, leave=)` for the images of the heads after step `enter` up to step
    `leave`, and blends the last two by `fade_in`. Calling the module itself runs all steps and returns the last head's
    image.

    widths: channels after each step; unless given, halved each time, but never below 1.
    depth: residual blocks a step: one number, or one for each.
    upsampler: enlarges by 2. attention: attention in the residual blocks, if any.

    Shapes: (B,Cin,H,W) -> (B,Cout,scale*H,scale*W), where the scale is a power of 2 from 2 (else OptionError). Wrong
        shapes raise ShapeError.
    Range: linear, unbounded. In training, normalised by the batch's statistics.
    Source: the generator of PFSR (BMVC 2019) after its first convolution. Departures: depth and parts are options.
    """

    kind = "upsampler"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scale: int,
        *,
        widths: Sequence[int] | None = None,
        depth: int | Sequence[int] = 1,
        upsampler: PartSpec = "transposed",
        attention: PartSpec | None = None,
    ) -> None:
        super().__init__()
        count = doublings(scale)
        after = [max(1, in_channels >> step) for step in range(1, count + 1)] if widths is None else list(widths)
        depths = [depth] * count if isinstance(depth, int) else list(depth)
        for name, values in (("widths", after), ("depth", depths)):
            if len(values) != count:
                raise OptionError(f"{name} has {len(values)} values; {count}, one for each doubling, were expected")
        self.widths = [in_channels, *after]  # of the features that have passed step 0, 1, ...
        self.steps = nn.ModuleList(
            nn.Sequential(
                *(EqualisedResidualBlock(before, attention=attention) for _ in range(blocks)),
                build_part("upsampler", upsampler, in_channels=before, out_channels=width, scale=2),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            )
            for before, width, blocks in zip(self.widths, after, depths, strict=False)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, out_channels, 1) for width in after)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.widths[0], "progressive upsampler")
        for step in self.steps:
            x = step(x)
        return self.heads[-1](x)

    def outputs(self, x: Tensor, *, enter: int = 0, leave: int | None = None) -> list[Tensor]:
        """Return the heads' images, smallest first: (B,Cout,2^n*H,2^n*W), n = 0 (if enter > 0), 1, ..., leave - enter.

        x: features that have passed the step `enter` (0: none), of that step's width. leave: the last step to take, the
        last of all if None. Raises OptionError unless 0 <= enter < leave <= number of steps.
        """
        leave = len(self.steps) if leave is None else leave
        if not 0 <= enter < leave <= len(self.steps):
            raise OptionError(
                f"progressive upsampler: enter is {enter} and leave {leave}; "
                f"0 <= enter < leave <= {len(self.steps)} was expected"
            )
        check_map(x, self.widths[enter], "progressive upsampler")
        found = [self.heads[enter - 1](x)] if enter else []
        for index in range(enter, leave):
            x = self.steps[index](x)
            found.append(self.heads[index](x))
        return found


def doublings(scale: int) -> int:
    """Return log2(scale); raises OptionError unless the scale is a power of 2 from 2."""
    count = scale.bit_length() - 1
    if scale < 2 or scale != 1 << count:
        raise OptionError(f"the scale is {scale}; a power of 2, from 2, was expected")
    return count
