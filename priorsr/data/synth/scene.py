"""Paint the background of a face."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.data.synth.outlines import coverage, ellipse, smoothstep
from priorsr.data.synth.scaffold import Scaffold
from priorsr.data.synth.traits import Backdrop


def backdrop(s: Scaffold) -> Tensor:
    """Return the colour behind the face (N,3,H,W): a gradient, on it blurred lights, panels, lettering or foliage."""
    scene = s.face.scene
    x, y = s.picture_x, s.picture_y
    slant = x * torch.sin(scene.azimuth * 2) + y * torch.cos(scene.azimuth * 3)
    mix = smoothstep(-1.3, 1.3, slant + 0.8 * s.noise(0, x * 2 + 5, y * 2))
    ground = scene.near + (scene.far - scene.near) * mix[:, None]
    drawn = torch.zeros_like(x)
    for kind, draw in DRAWINGS.items():
        chosen = scene.backdrop == kind
        if chosen.any():
            drawn = drawn + draw(s, 0.3 - 0.25 * scene.sharpness) * chosen
    wall = 1 + 0.02 * s.noise(1, x * 25, y * 25) + 0.12 * s.noise(0, x * 4, y * 4)
    return (ground + (scene.accent - ground) * drawn[:, None]) * wall[:, None]


def _chance(s: Scaffold, number: int) -> Tensor:
    """Return random values (N,1,1) in [-1, 1] of a face's backdrop."""
    return s.tables[:, 3, number, 0][:, None, None]


def _lights(s: Scaffold, blur: Tensor) -> Tensor:
    """Paint lamps out of focus."""
    total = torch.zeros_like(s.x)
    for k in range(0, 21, 3):
        radius = 0.12 + 0.1 * (1 + _chance(s, k))
        x, y = s.picture_x - 1.1 * _chance(s, k + 1), s.picture_y - 1.1 * _chance(s, k + 2)
        total = total + 0.6 * coverage(ellipse(x, y, radius, radius), blur)
    return total.clamp(max=1)


def _panels(s: Scaffold, blur: Tensor) -> Tensor:
    """Paint upright bands of uneven width, such as curtains, windows and door frames make."""
    x = s.picture_x + 0.15 * _chance(s, 0) * s.picture_y
    waves = ((1.0, 4.0), (1.0, 9.7), (0.6, 21.0))
    bands = [a * torch.sin(x * f + 3 * _chance(s, k)) for k, (a, f) in enumerate(waves, 1)]
    return 0.8 * smoothstep(-2 * blur, 2 * blur, bands[0] + bands[1] + bands[2])


def _lettering(s: Scaffold, blur: Tensor) -> Tensor:
    """Paint rows of invented letters, each a stem and up to three bars, as on a sponsors' wall."""
    scale = 3.5 + 1.5 * _chance(s, 0)
    x, y = s.picture_x * scale, s.picture_y * scale * 0.45 + _chance(s, 1)
    column, row = torch.floor(x), torch.floor(y)
    across, down = x - column, (y - row) * 1.6
    soft = 0.05 + blur
    ink = coverage((across - 0.2).abs() - 0.09, soft)
    for bar, height in enumerate((0.1, 0.5, 0.9)):
        has_bar = s.noise(bar, column + 0.5, row * 7 + 0.5) > -0.1
        stroke = coverage((across - 0.45).abs() - 0.3, soft) * coverage((down - height).abs() - 0.1, soft)
        ink = torch.maximum(ink, stroke * has_bar)
    is_letter = s.noise(3, column + 0.5, row * 5 + 0.5) > -0.5
    return ink * coverage((down - 0.5).abs() - 0.5, soft) * is_letter


def _foliage(s: Scaffold, blur: Tensor) -> Tensor:
    """Paint leaves, or any other clutter."""
    x, y = s.picture_x, s.picture_y
    detail = 1.2 - 4 * blur
    leaves = s.noise(1, x * 3, y * 3) + (0.3 + 0.5 * detail) * s.noise(2, x * 8, y * 8)
    return smoothstep(-1.0, 1.0, leaves + 0.6 * detail * s.noise(3, x * 22, y * 22))


DRAWINGS = {
    Backdrop.LIGHTS: _lights,
    Backdrop.PANELS: _panels,
    Backdrop.LETTERING: _lettering,
    Backdrop.FOLIAGE: _foliage,
}
