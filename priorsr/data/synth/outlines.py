"""Signed distances and soft masks in the plane, from which synthetic faces are painted.

Distances are negative inside a shape. All arguments broadcast; lengths are in the unit of the coordinates.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Number = float | Tensor


def smoothstep(low: Number, high: Number, x: Tensor) -> Tensor:
    """Return 0 below `low`, 1 above `high`, a smooth cubic between; with low > high it falls instead."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def coverage(distance: Tensor, blur: Number) -> Tensor:
    """Return the part of a pixel that lies inside the shape, in [0, 1], for an edge `blur` wide."""
    return (0.5 - distance / blur).clamp(0, 1)


def ellipse(x: Tensor, y: Tensor, rx: Number, ry: Number) -> Tensor:
    """Return the distance to an axis-aligned ellipse around the origin, first-order exact near its outline."""
    norm = torch.sqrt((x / rx) ** 2 + (y / ry) ** 2)
    slope = torch.sqrt((x / rx**2) ** 2 + (y / ry**2) ** 2)
    return norm * (norm - 1) / (slope + 1e-6)


def box(x: Tensor, y: Tensor, half_width: Number, half_height: Number, radius: Number) -> Tensor:
    """Return the distance to a rectangle around the origin whose corners are rounded by `radius`."""
    dx, dy = x.abs() - half_width + radius, y.abs() - half_height + radius
    outside = torch.sqrt(dx.clamp(min=0) ** 2 + dy.clamp(min=0) ** 2)
    return outside + torch.maximum(dx, dy).clamp(max=0) - radius


def segment(x: Tensor, y: Tensor, start: tuple[Number, Number], end: tuple[Number, Number]) -> Tensor:
    """Return the distance to the line between two points (x, y)."""
    ax, ay, dx, dy = x - start[0], y - start[1], end[0] - start[0], end[1] - start[1]
    along = ((ax * dx + ay * dy) / (dx * dx + dy * dy)).clamp(0, 1)
    return torch.sqrt((ax - along * dx) ** 2 + (ay - along * dy) ** 2)


def dome(x: Tensor, y: Tensor, half_width: Number, height: Number) -> Tensor:
    """Return a rounded arch, as wide at all y > 0 as at 0 and closing over `height` above: its norm, 1 on the
    outline.
    """
    across, up = (x / half_width).abs(), (y / height).clamp(max=0).abs()
    return (across * across * across.sqrt() + up * up * up.sqrt() + 1e-6) ** 0.4


def blob(x: Tensor, y: Tensor, rx: Number, ry: Number) -> Tensor:
    """Return a smooth bump around the origin, 1 at its top, like a Gaussian, but 0 beyond twice the radii."""
    near = (1 - ((x / rx) ** 2 + (y / ry) ** 2) / 4).clamp(min=0) ** 2
    return near * near


def ridge(x: Tensor, radius: Number) -> Tensor:
    """Return `blob` in one dimension: a ridge along x = 0."""
    near = (1 - (x / radius) ** 2 / 4).clamp(min=0) ** 2
    return near * near


def noise(table: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return smooth random values in [-1, 1] at (x, y), one cell of `table` (N,T,T) to a unit, mirrored beyond its
    edge.
    """
    grid = torch.view_as_real(torch.complex(x, y)) / (table.shape[-1] / 2)  # six times as fast as torch.stack
    return F.grid_sample(table[:, None], grid, padding_mode="reflection", align_corners=False)[:, 0]


def slopes(field: Tensor, pixel: Tensor) -> tuple[Tensor, Tensor]:
    """Return the derivatives of `field` (N,H,W) to x and to y, where a pixel is `pixel` (N,1,1) wide."""
    padded = F.pad(field[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    dx = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    dy = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    return dx / (2 * pixel), dy / (2 * pixel)


def outline_distance(field: Tensor, pixel: Tensor) -> Tensor:
    """Turn any implicit field (negative inside) into a distance that is first-order exact near its outline."""
    dx, dy = slopes(field, pixel)
    return field / torch.sqrt(dx * dx + dy * dy + 1e-3)
