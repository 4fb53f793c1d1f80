"""PFSR's discriminator, which grows with the generator."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.blocks import EqualisedConv2d, MinibatchStdDev
from priorsr.errors import OptionError, ShapeError
from priorsr.shapes import check_map
from priorsr_pfsr.config import DiscriminatorConfig


class Discriminator(nn.Module):
    """A critic of images at each step's size: one unbounded number an image, larger for images that look real.

    An image enters by its step's 1x1 convolution, and passes that step's block (two equalised convolutions with
    LeakyReLU 0.2, average pooling) and the blocks of the earlier steps, with fade-in after the first block. The end
    appends the images' standard deviation over the batch as a channel, followed by a convolution, the average over all
    pixels, and two linear layers, without activations.

    Shapes: images (B,3,s,s') with sides that are multiples of 2^step -> (B,). B must be 2 or more, since the deviation
        over a batch of one is not defined (the published network returns NaN). Wrong shapes raise ShapeError, a step
        that does not exist OptionError.
    Range: images in [0, 1]; the result is unbounded.
    Source: PFSR (BMVC 2019) as released. Departure: takes any size, by averaging over the whole last map (16 x 16 in
        the release).
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        first, *later = config.widths
        self.from_rgb = nn.ModuleList(nn.Conv2d(3, width, 1) for width in later)
        self.blocks = nn.ModuleList(_block(fine, coarse) for coarse, fine in zip(config.widths, later, strict=False))
        self.deviation = MinibatchStdDev()
        self.conv = EqualisedConv2d(first + 1, first)
        self.linear1, self.linear2 = nn.Linear(first, config.hidden), nn.Linear(config.hidden, 1)

    def forward(self, images: Tensor, *, step: int | None = None, fade: float | Tensor = 1.0) -> Tensor:
        return self.judge(2 * images - 1, step=step, fade=fade)

    def judge(self, images: Tensor, *, step: int | None = None, fade: float | Tensor = 1.0) -> Tensor:
        """Rate images in [-1, 1], the range of the published network and of its gradient penalty.

        Calling this method, not the module, avoids autocast, which training applies to modules.
        """
        step = len(self.blocks) if step is None else step
        if not 1 <= step <= len(self.blocks):
            raise OptionError(f"discriminator: step is {step}; 1 to {len(self.blocks)} was expected")
        check_map(images, 3, "discriminator", "image")
        if images.shape[2] % 2**step or images.shape[3] % 2**step or 0 in images.shape[2:]:
            size = f"{images.shape[2]} x {images.shape[3]}"
            raise ShapeError(f"discriminator: the image is {size}; multiples of {2**step} were expected at step {step}")
        x = self.blocks[step - 1](self.from_rgb[step - 1](images))
        if step > 1:
            earlier = self.from_rgb[step - 2](F.avg_pool2d(images, 2))
            x = (1 - fade) * earlier + fade * x
        for index in reversed(range(step - 1)):
            x = self.blocks[index](x)
        x = self.conv(self.deviation(x, images)).mean((2, 3))
        return self.linear2(self.linear1(x)).flatten()


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        EqualisedConv2d(in_channels, out_channels),
        nn.LeakyReLU(0.2),
        EqualisedConv2d(out_channels, out_channels),
        nn.LeakyReLU(0.2),
        nn.AvgPool2d(2),
    )
