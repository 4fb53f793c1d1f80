"""A pair of images in all forms that scores compare, each computed once for all scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from priorsr.metrics.colour import Colour, luma, of_luma
from priorsr.metrics.pairs import to_8bit, without_border
from priorsr.metrics.ssim import Window, ssim_and_contrast

Two = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class View:
    """SR and HR images (B,3,H,W) prepared for a protocol's scoring.

    quantise: clamped to [0, 1] and rounded to 8 bits. border: pixels cut off at each side.
    made: cache of computed forms, which all views of the same images share.
    """

    sr: Tensor
    hr: Tensor
    quantise: bool = False
    border: int = 0
    made: dict[Hashable, Two] = field(default_factory=dict)

    def of(self, quantise: bool, border: int) -> View:
        """Return another view of the same images."""
        return replace(self, quantise=quantise, border=border)

    def planes(self, colour: Colour, halvings: int = 0) -> Two:
        """Return SR and HR in a colour space, see `to_colour`, (B,C,H,W), halved `halvings` times by 2 x 2 averages."""

        def make() -> Two:
            if halvings:
                sr, hr = self.planes(colour, halvings - 1)
                return F.avg_pool2d(sr, 2), F.avg_pool2d(hr, 2)
            return self._plane(0, colour), self._plane(1, colour)

        return self._once(("planes", self.quantise, self.border, colour, halvings), make)

    def similarity(self, colour: Colour, window: Window, k1: float, k2: float, halvings: int = 0) -> Two:
        """Return SSIM and its contrast-structure factor of each image, (B,) and (B,), see `ssim_and_contrast`."""
        key = ("similarity", self.quantise, self.border, colour, window, k1, k2, halvings)
        return self._once(key, lambda: ssim_and_contrast(*self.planes(colour, halvings), window, k1, k2))

    def _plane(self, which: Literal[0, 1], colour: Colour) -> Tensor:
        if colour == "rgb":
            return without_border(self._images()[which], self.border)
        sr, hr = self._images()
        y = self._once(("luma", self.quantise), lambda: (luma(sr), luma(hr)))[which]
        return of_luma(without_border(y, self.border), colour)

    def _images(self) -> Two:
        if self.quantise:
            return self._once("8 bit", lambda: (to_8bit(self.sr).double() / 255, to_8bit(self.hr).double() / 255))
        return self._once("as it is", lambda: (self.sr.double(), self.hr.double()))

    def _once(self, key: Hashable, make: Callable[[], Two]) -> Two:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]
