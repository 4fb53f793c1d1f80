"""Cut the part of a photograph around a face, and map between it and the model's crop."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


class FaceWindow(NamedTuple):
    """A rectangle of a photograph with a face's crop in it.

    left, top: its corner in the photograph, whose edge it may cross. image: its pixels (1,3,h,w) in [0, 1], the
    photograph's edge repeated outside. to_photograph: the similarity (2,3) from the crop, of side 1, to the photograph.
    """

    left: int
    top: int
    image: Tensor
    to_photograph: np.ndarray

    @classmethod
    def around(cls, photograph: Image.Image, to_photograph: np.ndarray) -> Self:
        """Take the window of a crop out of a photograph."""
        corners = to_photograph @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
        left, top = (math.floor(low) - 2 for low in corners.min(1))
        right, bottom = (math.ceil(high) + 2 for high in corners.max(1))
        inside = max(left, 0), max(top, 0), min(right, photograph.width), min(bottom, photograph.height)
        pixels = np.asarray(photograph.crop(inside).convert("RGB"))
        around = ((inside[1] - top, bottom - inside[3]), (inside[0] - left, right - inside[2]), (0, 0))
        image = torch.from_numpy(np.pad(pixels, around, mode="edge")).permute(2, 0, 1)[None].float() / 255
        return cls(left, top, image, to_photograph)

    @property
    def side(self) -> float:
        """Return the crop's side in the photograph's pixels."""
        return float(np.hypot(*self.to_photograph[:, 0]))

    def crop(self, side: int) -> Tensor:
        """Return the face's crop, (1,3,side,side), sampled bicubically."""
        return _sampled(self.image, self._crop_to_window(), (side, side))

    def _crop_to_window(self) -> np.ndarray:
        """Return the affine map (2,3) from the crop to the window, both reaching from -1 to 1, as torch has it."""
        height, width = self.image.shape[2:]
        from_unit = np.array([[0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1]])
        to_unit = np.array([[2 / width, 0, -1 - 2 * self.left / width], [0, 2 / height, -1 - 2 * self.top / height]])
        return to_unit @ np.vstack([self.to_photograph, [0, 0, 1]]) @ from_unit

    def laid(self, crop: Tensor) -> Tensor:
        """Return a crop (1,C,side,side) laid into the window, (1,C,h,w); zero outside it."""
        height, width = self.image.shape[2:]
        if self.side < crop.shape[-1]:
            size = max(1, round(self.side))
            crop = F.interpolate(crop, size=(size, size), mode="bicubic", antialias=True)
        inverse = np.linalg.inv(np.vstack([self._crop_to_window(), [0, 0, 1]]))[:2]
        return _sampled(crop, inverse, (height, width))

    def paste(self, photograph: Image.Image, image: Tensor, mask: Tensor) -> None:
        """Blend an image (1,3,h,w) of the window's size into the photograph by a mask (1,1,h,w)."""
        pixels = (image[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
        weights = (mask[0, 0].clamp(0, 1) * 255).round().byte().numpy()
        photograph.paste(
            Image.fromarray(np.ascontiguousarray(pixels)).convert(photograph.mode),
            (self.left, self.top),
            Image.fromarray(np.ascontiguousarray(weights)),
        )


def _sampled(image: Tensor, affine: np.ndarray, size: tuple[int, int]) -> Tensor:
    grid = F.affine_grid(torch.from_numpy(affine)[None].float(), [1, 1, *size], align_corners=False)
    return F.grid_sample(image, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
