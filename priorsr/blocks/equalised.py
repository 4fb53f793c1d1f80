"""The equalised convolution: weights of unit variance, scaled when they are used."""

from __future__ import annotations

import math

from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.shapes import check_map


class EqualisedConv2d(nn.Conv2d):
    """A convolution with weights drawn from N(0, 1) and multiplied by sqrt(2 / fan_in) at run time; same padding.

    The scaling gives every layer the same effective learning rate under Adam, whose steps do not depend on a layer's
    scale. The bias starts at 0 and is not scaled.

    Shapes: (B,Cin,H,W) -> (B,Cout,H,W). Wrong shapes raise ShapeError, an even kernel OptionError.
    Range: linear, unbounded.
    Source: Karras et al., "Progressive growing of GANs" (ICLR 2018), section 4.1, as in PFSR; fan_in = Cin * k * k.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3) -> None:
        if kernel_size % 2 == 0:
            raise OptionError(f"equalised convolution: the kernel size is {kernel_size}; an odd number was expected")
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.gain = math.sqrt(2 / (in_channels * kernel_size**2))

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def folded(self) -> nn.Conv2d:
        """Return the plain convolution that computes the same."""
        conv = nn.Conv2d(self.in_channels, self.out_channels, self.kernel_size, padding=self.padding)  # type: ignore[arg-type]
        conv.weight, conv.bias = nn.Parameter(self.weight.detach() * self.gain), self.bias
        return conv

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "equalised convolution")
        return self._conv_forward(x, self.weight * self.gain, self.bias)
