"""Faces of a batch mirrored and turned, as bytes, before they become floating point.

In NumPy, since work of this size is done before torch's threads have woken up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from priorsr.priors import LabelMap, flip_landmarks, rotate_landmarks


@dataclass
class Faces:
    """A batch of faces. hr: (B,3,H,W), lr: (B,3,h,w), parsing: (B,H,W), all uint8. landmarks: (B,L,2), valid: (B,L)."""

    hr: np.ndarray
    lr: np.ndarray
    parsing: np.ndarray | None
    landmarks: Tensor | None
    valid: Tensor | None

    def flip(self, where: np.ndarray, labels: LabelMap) -> None:
        """Mirror the faces at `where` (B) left to right, with their classes and landmarks changing sides."""
        for pixels in (self.hr, self.lr):
            pixels[where] = pixels[where][..., ::-1]
        if self.parsing is not None:
            self.parsing[where] = np.array(labels.flip, dtype=np.uint8)[self.parsing[where][..., ::-1]]
        if self.landmarks is not None and self.valid is not None:
            points = flip_landmarks(self.landmarks[where], self.valid[where], self.hr.shape[-1])
            self.landmarks[where], self.valid[where] = points

    def turn(self, where: np.ndarray, quarters: int) -> None:
        """Turn the faces at `where` (B), which are square, counter-clockwise by quarter turns."""
        for pixels in (self.hr, self.lr, self.parsing):
            if pixels is not None:
                pixels[where] = np.rot90(pixels[where], quarters, (-2, -1))
        if self.landmarks is not None and self.valid is not None:
            points = rotate_landmarks(self.landmarks[where], self.valid[where], quarters, self.hr.shape[-1])
            self.landmarks[where], self.valid[where] = points
