"""Paint hair: a mass behind the head and one in front of it, in locks and strands that fall or are combed."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from priorsr.data.synth.anatomy import skull
from priorsr.data.synth.canvas import Canvas, light_direction
from priorsr.data.synth.face_classes import FaceClass
from priorsr.data.synth.outlines import coverage, dome, slopes, smoothstep
from priorsr.data.synth.scaffold import Scaffold

DEPTH = -0.3
MIDDLE = -0.12  # v where the arch over the head ends and the sides begin


class Mane(NamedTuple):
    """Hair as it is at every pixel (N,H,W)."""

    colour: Tensor  # (N,3,H,W)
    lock: Tensor  # coarse noise that differs between locks, -1 to 1
    fine: Tensor  # the same between strands
    sheen: Tensor  # strength of the highlight, 0 to 1
    outer: Tensor  # distance to the outline of the whole mass


def grow(s: Scaffold) -> Mane:
    """Return the traits of the hair that both of its masses share."""
    hair = s.face.hair
    across, along = _flow(s)
    sheen = _sheen(s, across)
    u, v = s.at(DEPTH)
    waves = torch.sin(along * 16 + 3 * s.noise(0, across * 4, along * 2)) * smoothstep(0.2, 0.8, along)
    swirl, slow = 0.14 * hair.curl, s.noise(3, u * 9, v * 9)
    across = across + hair.wave * waves + swirl * (s.noise(2, u * 9, v * 9) + 0.5 * s.noise(3, u * 19, v * 19))
    along = along + 1.5 * swirl * slow
    beat = 1.2 + 14 * hair.curl
    lock = s.noise(0, across * 11, along * beat)
    tress = s.noise(1, across * 26 + 7, along * (beat + 1))
    strand = s.noise(2, across * 62, along * (beat + 2))
    shade = torch.exp(hair.contrast * (0.55 * lock + 0.65 * tress + 0.6 * strand) - 0.1)
    colour = torch.lerp(hair.colour, hair.tips, smoothstep(0.35, 1.3, along)[:, None]) * shade[:, None]
    return Mane(colour, lock, 0.5 * (tress + strand), sheen * (1 + 0.6 * lock), _outer_distance(s))


def _flow(s: Scaffold) -> tuple[Tensor, Tensor]:
    """Return the coordinates across and along smooth strands: parabolas from the parting, or rays off the face."""
    hair = s.face.hair
    u, v = s.at(DEPTH)
    x, y = u - hair.part, v - s.face.head.top + hair.top + 0.04
    fallen, down = x / (y.clamp(min=0) + 0.05).sqrt(), torch.sqrt(x * x + y * y)
    out = torch.sqrt(u * u + (v - 0.1) ** 2)
    combed = torch.atan2(u, 0.1 - v) * 0.75 + hair.lean * 0.25 * (out - 0.5)
    return torch.lerp(fallen, combed, hair.comb.round()), torch.lerp(down, out, hair.comb.round())


def _sheen(s: Scaffold, across: Tensor) -> Tensor:
    """Return Kajiya and Kay's highlight: bright where the strand lies square to the middle between light and viewer."""
    u, v = s.at(DEPTH)
    down, left = slopes(across, s.pixel)
    tx, ty = -left, down
    tz = -(1.1 * u * tx + 1.5 * (v + 0.1).clamp(max=0) * ty)
    lx, ly, lz = light_direction(s.face.scene)
    dot = tx * lx + ty * ly + tz * (lz + 1)
    length = (tx * tx + ty * ty + tz * tz + 1e-4) * (lx * lx + ly * ly + (lz + 1) ** 2)
    return (1 - dot * dot / length).clamp(0, 1) ** 20


def _outer_distance(s: Scaffold) -> Tensor:
    """Return the distance to a dome over the head whose sides hang straight, flare, or (short hair) close in."""
    hair, head = s.face.hair, s.face.head
    u, v = s.at(DEPTH)
    below = (v - MIDDLE).clamp(min=0)
    closing = (hair.length < 0.4) * (below / (hair.front - MIDDLE)) ** 2
    half = head.width + hair.side * (1 - closing) + hair.flare * below * smoothstep(1.9, 0.6, below)
    mass = (dome(u, v - MIDDLE, half, MIDDLE - head.top + hair.top) - 1) * half
    close = s.outline - 0.015
    return torch.where(hair.top < 0.03, close, torch.minimum(mass, close))


def paint_back_hair(canvas: Canvas, s: Scaffold, mane: Mane) -> None:
    hair = s.face.hair
    _, v = s.at(DEPTH)
    outside = mane.outer + hair.jag * (0.5 * mane.lock + 0.35 * mane.fine)
    outside = torch.maximum(outside, v - hair.length + 2.5 * hair.jag * mane.lock)
    alpha = coverage(outside, s.pixel * 3) * (hair.length > 0)
    depth = -0.75 - 0.3 * smoothstep(-0.15, 0.05, outside) + 0.02 * mane.lock
    canvas.cover(alpha, mane.colour * 0.7, FaceClass.HAIR, depth)


def paint_front_hair(canvas: Canvas, s: Scaffold, mane: Mane) -> None:
    hair = s.face.hair
    opening = _opening_distance(s, mane)
    outer = mane.outer + hair.jag * 0.5 * (mane.lock + mane.fine)
    ends = s.v - hair.front + (0.02 + 1.5 * hair.jag) * mane.lock
    roots = 0.035 * (1 - (hair.fringe * 8).clamp(max=0.8)) + 0.01
    alpha = coverage(-opening - 0.5 * roots * mane.fine, roots) * coverage(torch.maximum(outer, ends), s.pixel * 3)
    thick = 0.05 + 0.35 * (hair.top + hair.side) * smoothstep(-0.03, 0.2, opening)
    rolled = thick * (0.4 + 0.6 * smoothstep(0.0, 0.06, opening))
    depth = (
        skull(s.u, s.v)
        + rolled
        - 0.25 * (1 + outer / 0.25).clamp(0, 1.4) ** 2
        + 0.012 * (1 - 0.75 * hair.curl) * mane.lock
    )
    glow = hair.gloss * (1 - 0.6 * hair.curl) * mane.sheen
    colour = mane.colour * (1 + 2.2 * glow * (1 + 0.7 * mane.fine))[:, None]
    glint = (0.06 * glow * (1 + mane.fine))[:, None]
    canvas.cover(alpha * hair.amount, colour + glint, FaceClass.HAIR, depth)


def _opening_distance(s: Scaffold, mane: Mane) -> Tensor:
    """Return the distance to the opening that the hair leaves for the face; negative inside it."""
    hair, head = s.face.hair, s.face.head
    u, v = s.u, s.v
    across = u / head.width
    hang = hair.fringe * smoothstep(1.15, 0.5, across.abs()) - 0.05 * across**2 * (hair.fringe < 0.1)
    slant = hair.sweep * (u - hair.part) + hair.droop * torch.sqrt((u - hair.part) ** 2 + 0.002)
    ragged = hair.jag * (1.1 * mane.lock + 0.8 * mane.fine) * (0.4 + 4 * hair.fringe).clamp(max=1.3)
    height = (MIDDLE - hair.hairline - hang - slant - ragged).clamp(min=0.06)
    below = (v - MIDDLE).clamp(min=0)
    half = head.width * (hair.opening + 0.1 * smoothstep(0.5, 1.0, below)) + 0.35 * hair.jag * mane.lock
    return (dome(u, v - MIDDLE, half, height) - 1) * torch.minimum(half, height + below)
