"""The canvas: layers with colour, depth and gloss are painted from back to front, then lit."""

from __future__ import annotations

from copy import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.data.synth.outlines import Number, noise, slopes, smoothstep
from priorsr.data.synth.scaffold import PictureWindow
from priorsr.data.synth.traits import Scene

BACKDROP_DEPTH = -2.0
SHADOW_REACH = (0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.4)  # in depth


def rgb(red: float, green: float, blue: float, like: Tensor) -> Tensor:
    """Return a colour in linear light (3,1,1), on the device of `like`."""
    return torch.tensor([red, green, blue], device=like.device)[:, None, None]


class Canvas:
    """Pictures that painters change in place: the visible surface at each pixel, and its material.

    albedo (N,3,H,W) in linear light; depth, its slopes, gloss, flesh (1: light spreads inside), labels (N,H,W).
    """

    def __init__(self, albedo: Tensor, pixel: Tensor) -> None:
        self.pixel = pixel
        self.albedo = albedo
        self.depth = torch.full_like(albedo[:, 0], BACKDROP_DEPTH)
        self.slope_x, self.slope_y, self.gloss, self.flesh = (torch.zeros_like(self.depth) for _ in range(4))
        self.labels = torch.zeros_like(self.depth, dtype=torch.uint8)

    def crop(self, window: PictureWindow) -> Canvas:
        """Return a view of a part of the canvas: painting on it paints the canvas."""
        part = copy(self)
        for name in ("albedo", "depth", "slope_x", "slope_y", "gloss", "flesh", "labels"):
            setattr(part, name, window.of(getattr(self, name)))
        return part

    def name(self, where: Tensor, label: int | Tensor) -> None:
        """Set the class of the pixels of a mask."""
        self.labels.copy_(torch.where(where, label, self.labels))

    def tint(
        self, alpha: Tensor, albedo: Tensor, label: int | Tensor | None = None, gloss: Number | None = None
    ) -> None:
        """Colour the visible surface; pixels whose alpha exceeds one half get the class `label`."""
        self.albedo.add_((albedo - self.albedo) * alpha[:, None])
        if gloss is not None:
            self.gloss.add_((gloss - self.gloss) * alpha)
        if label is not None:
            self.name(alpha > 0.5, label)

    def shade(self, amount: Tensor, colour: Tensor | None = None) -> None:
        """Reduce the light by `amount` (N,H,W), each channel in proportion to `colour` (3,1,1)."""
        taken = amount[:, None] if colour is None else amount[:, None] * colour
        self.albedo.mul_((1 - taken).clamp(min=0))

    def cover(
        self,
        alpha: Tensor,
        albedo: Tensor,
        label: int | Tensor,
        depth: Tensor,
        gloss: Number = 0.0,
        flesh: float = 0.0,
    ) -> None:
        """Cover the canvas with a new surface at `depth`."""
        self.tint(alpha, albedo, label, gloss)
        slope_x, slope_y = slopes(depth, self.pixel)
        self.slope_x.lerp_(slope_x, alpha)
        self.slope_y.lerp_(slope_y, alpha)
        self.depth.lerp_(depth, alpha)
        self.flesh.add_((flesh - self.flesh) * alpha)

    def light(self, scene: Scene) -> Tensor:
        """Return the pictures in linear light (N,3,H,W), lit by one lamp with cast shadows and by ambient light."""
        norm = torch.rsqrt(self.slope_x**2 + self.slope_y**2 + 1)
        lx, ly, lz = light_direction(scene)
        toward = -lx * self.slope_x - ly * self.slope_y
        shadow, openness = self._occlusion(lx / lz.clamp(min=0.25), ly / lz.clamp(min=0.25))
        # Light spreads inside flesh, red the furthest.
        seep = rgb(0.32, 0.14, 0.09, norm) * self.flesh[:, None] + 0.04
        direct = ((((toward + lz) * norm)[:, None] + seep) / (1 + seep)).clamp(min=0) * (1 - shadow)[:, None]
        above = 0.75 + 0.25 * self.slope_y * norm
        around = scene.ambient_colour * (scene.ambient * above * openness)[:, None]
        middle = torch.rsqrt(lx * lx + ly * ly + (lz + 1) ** 2)
        mirror = ((toward + lz + 1) * norm * middle).clamp(min=0)
        key = scene.key_colour * scene.key[:, None]
        highlight = (self.gloss * mirror**14 * (1 - shadow))[:, None]
        return self.albedo * (direct * key + around) + highlight * key

    def _occlusion(self, step_x: Tensor, step_y: Tensor) -> tuple[Tensor, Tensor]:
        """Return cast shadow and ambient openness, both in [0, 1], computed at half the resolution."""
        depth = F.avg_pool2d(self.depth[:, None], 2)
        height, width = depth.shape[-2:]
        columns, rows = (
            torch.linspace(1 / n - 1, 1 - 1 / n, n, device=depth.device).view(shape).expand(height, width)
            for n, shape in ((width, (1, -1)), (height, (-1, 1)))
        )
        shadow = torch.zeros_like(depth)
        for reach in SHADOW_REACH:
            grid = torch.stack([columns + step_x * reach, rows + step_y * reach], -1)
            met = F.grid_sample(depth, grid, padding_mode="border", align_corners=False) - depth - reach
            shadow = torch.maximum(shadow, smoothstep(0.0, 0.07 + 0.3 * reach, met))
        closed = torch.zeros_like(depth)
        for radius, weight in ((height // 40, 3.5), (height // 14, 1.2)):
            closed = closed + weight * (_box_blur(depth, radius) - depth).clamp(0, 0.25)
        both = torch.cat([shadow, torch.exp(-closed)], 1)
        shadow, openness = F.interpolate(both, scale_factor=2, mode="bilinear", align_corners=False).unbind(1)
        solid = (self.depth > BACKDROP_DEPTH + 0.1).float()
        return shadow * solid * 0.85, 1 - (1 - openness) * solid


def _box_blur(field: Tensor, radius: int) -> Tensor:
    for kernel, margin in (((1, 2 * radius + 1), (0, radius)), ((2 * radius + 1, 1), (radius, 0))):
        field = F.avg_pool2d(field, kernel, 1, margin, count_include_pad=False)
    return field


def light_direction(scene: Scene) -> tuple[Tensor, Tensor, Tensor]:
    """Return the unit vector toward the light: right, down, toward the viewer."""
    level = torch.cos(scene.elevation)
    return torch.sin(scene.azimuth) * level, -torch.sin(scene.elevation), torch.cos(scene.azimuth) * level


def develop(linear: Tensor, scene: Scene, table: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Turn linear light to RGB in [0, 1] (N,3,H,W): exposure, film curve, contrast, grain; a few in black and white."""
    film = 1 - torch.exp(-1.25 * scene.exposure[:, None] * linear)
    film = torch.lerp(film, film.mean(1, keepdim=True), scene.mono[:, None])
    tones = film.clamp(min=1e-5) ** (1 / 2.2)
    tones = torch.lerp(tones, tones * tones * (3 - 2 * tones), scene.contrast[:, None])
    half = x.shape[-1] / 2
    return (tones + (scene.grain * noise(table, x * half, y * half))[:, None]).clamp(0, 1)
