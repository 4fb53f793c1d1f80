"""The input of all painters: traits, noise and coordinates of a batch of faces."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from priorsr.data.synth.anatomy import Camera, camera, face_field
from priorsr.data.synth.outlines import noise, outline_distance
from priorsr.data.synth.traits import Traits


class PictureWindow(NamedTuple):
    """A rectangle of the picture, in fractions of its sides."""

    top: float
    bottom: float
    left: float = 0.0
    right: float = 1.0

    def of(self, field: Tensor) -> Tensor:
        """Return the window's part of a field (...,H,W)."""
        height, width = field.shape[-2:]
        rows = slice(round(self.top * height), round(self.bottom * height))
        return field[..., rows, round(self.left * width) : round(self.right * width)]


class Scaffold(NamedTuple):
    """Fields (N,H,W) of a batch of N faces, and values for each whole face (N,...)."""

    face: Traits
    view: Camera
    tables: Tensor  # noise (N,4,64,64)
    pixel: Tensor  # a pixel's width in face units (N,1,1)
    picture_x: Tensor  # -1 to 1
    picture_y: Tensor
    x: Tensor  # upright, in face units, as seen by the camera
    y: Tensor
    u: Tensor  # frontal position on the head's surface
    v: Tensor
    outline: Tensor  # distance to the head's outline
    pores: Tensor  # fine noise on the skin, -1 to 1
    skin: Tensor  # colour of bare skin (N,3,H,W)

    def crop(self, window: PictureWindow) -> Scaffold:
        """Return the same for a part of the picture."""
        return Scaffold(*self[:4], *(window.of(field) for field in self[4:]))

    def at(self, z: float) -> tuple[Tensor, Tensor]:
        """Return the frontal position of the point at depth z that is seen at each pixel."""
        return self.view.unturn(self.x, self.y, z)

    def noise(self, table: int, x: Tensor, y: Tensor) -> Tensor:
        """Return smooth random values in [-1, 1] from one of the noise tables, with cells of size 1."""
        return noise(self.tables[:, table], x, y)

    def sided(self, left: int, right: int) -> Tensor:
        """Return `left` on the half of the face that is the person's left and the picture's right, `right` on the
        other.
        """
        return torch.where(self.u > 0, left, right).to(torch.uint8)


def scaffold(face: Traits, tables: Tensor, size: int) -> Scaffold:
    """Return the coordinates of a picture of size x size pixels."""
    view = camera(face)
    axis = (torch.arange(size, device=tables.device, dtype=torch.float32) + 0.5) * (2 / size) - 1
    picture_x, picture_y = (c.expand(len(tables), size, size) for c in (axis, axis[:, None]))
    x, y = view.upright(picture_x, picture_y)
    u, v = view.surface(x, y, face.nose)
    pixel = 2 / size / face.pose.scale
    outline = outline_distance(face_field(u, v, face.head), pixel)
    pores = noise(tables[:, 1], u * 34, v * 34)
    grain = 1 + 0.035 * noise(tables[:, 0], u * 9, v * 9) + (0.04 + 0.05 * face.skin.age) * pores
    pale = grain - 0.05 * noise(tables[:, 2], u * 5, v * 5)
    skin = face.skin.tone * torch.stack([grain, pale, pale], 1)
    return Scaffold(face, view, tables, pixel, picture_x, picture_y, x, y, u, v, outline, pores, skin)
