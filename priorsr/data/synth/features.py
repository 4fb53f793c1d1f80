"""Paint eyes, brows, nose and mouth on the head."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.data.synth.anatomy import (
    brow_line,
    brow_middle,
    lip_line,
    lips,
    lower_lid,
    nose_base,
    nose_half_width,
    upper_lid,
)
from priorsr.data.synth.canvas import Canvas, rgb
from priorsr.data.synth.face_classes import FaceClass
from priorsr.data.synth.outlines import blob, coverage, ellipse, ridge, smoothstep
from priorsr.data.synth.scaffold import Scaffold


def paint_nose(canvas: Canvas, s: Scaffold) -> None:
    nose, u, v, au = s.face.nose, s.u, s.v, s.u.abs()
    base = nose_base(u, nose)
    shape = torch.maximum(au - nose_half_width(v, nose), torch.maximum(v - base, 0.02 - v))
    canvas.name((shape < 0) & (s.outline < 0), FaceClass.NOSE)
    x, y = au - 0.42 * nose.width, v - nose.length - 0.052
    hole = coverage(ellipse(x, y + 0.25 * x, 0.24 * nose.width, 0.014), 0.016)
    canvas.shade(hole * nose.nostrils, rgb(0.78, 0.9, 0.92, u))
    groove = blob(au - nose.width * 0.98, v - nose.length - 0.01, 0.014, 0.045)
    underside = blob(v - base - 0.004, u, 0.011, nose.width * 0.85)
    canvas.shade(0.25 * groove + 0.2 * underside, rgb(0.7, 0.95, 1.0, u))


def paint_eyes(canvas: Canvas, s: Scaffold) -> None:
    """Paint both eyes at once, mirrored in u."""
    eyes = s.face.eyes
    x = s.u.abs() - eyes.spread
    across = x / eyes.width
    below_lid, above_lid = s.v - upper_lid(across, eyes), lower_lid(across, eyes) - s.v
    _paint_lids(canvas, s, across, below_lid)
    opening = coverage(-torch.minimum(below_lid, above_lid), s.pixel) * (across.abs() < 1)
    _paint_eyeballs(canvas, s, x, opening, 0.45 + 0.55 * smoothstep(0.0, 0.028, below_lid))
    _paint_lashes(canvas, s, across, below_lid, above_lid)


def _paint_lids(canvas: Canvas, s: Scaffold, across: Tensor, below_lid: Tensor) -> None:
    eyes = s.face.eyes
    reach = smoothstep(1.35, 0.9, across.abs())
    lid = coverage(torch.maximum(below_lid, -below_lid - eyes.crease * 1.3), 0.03) * reach
    canvas.tint(lid * s.face.skin.makeup * 0.7, eyes.shadow)
    fold = ridge(below_lid + eyes.crease * (1 - 0.3 * across**2), 0.009) * reach
    canvas.shade(0.5 * fold, rgb(0.85, 1.0, 1.0, across))


def _paint_eyeballs(canvas: Canvas, s: Scaffold, x: Tensor, opening: Tensor, lit: Tensor) -> None:
    eyes = s.face.eyes
    across, side = x / eyes.width, torch.where(s.u > 0, 1.0, -1.0)
    white = rgb(0.62, 0.57, 0.54, x) * ((1 - 0.3 * across**2) * lit)[:, None]
    white = white * (1 - ridge(across + 1, 0.22)[:, None] * rgb(0.1, 0.5, 0.5, x))
    canvas.tint(opening, white, s.sided(FaceClass.LEFT_EYE, FaceClass.RIGHT_EYE), 0.0)
    ix, iy = x - eyes.gaze_x * side, s.v + 0.006 - eyes.gaze_y
    radius = torch.sqrt(ix * ix + iy * iy)
    spokes = 1 + 0.35 * s.noise(2, torch.atan2(iy, ix) * 5, radius * 40)
    shine = 0.55 + 0.9 * smoothstep(-0.02, 0.03, iy) * spokes
    ring = 1 - 0.75 * smoothstep(0.72, 1.0, radius / eyes.iris)
    canvas.tint(opening * coverage(radius - eyes.iris, 0.012), eyes.colour * (shine * ring * lit)[:, None])
    canvas.tint(opening * coverage(radius - 0.4 * eyes.iris, 0.01), rgb(0.004, 0.004, 0.005, x))
    toward_light = torch.where(s.face.scene.azimuth > 0, 0.012, -0.012)
    glint = ellipse(x * side - toward_light - eyes.gaze_x, iy + 0.014, 0.0085, 0.0085)
    canvas.tint(opening * coverage(glint, 0.008), rgb(2.6, 2.6, 2.7, x))


def _paint_lashes(canvas: Canvas, s: Scaffold, across: Tensor, below_lid: Tensor, above_lid: Tensor) -> None:
    makeup, ahead = s.face.skin.makeup, across.abs()
    liner = 0.014 + 0.009 * makeup
    upper = coverage((below_lid + liner * 0.3).abs() - liner * (0.75 + 0.25 * across), 0.01)
    canvas.tint(upper * smoothstep(1.22, 1.0, ahead) * (0.75 + 0.25 * makeup), rgb(0.012, 0.009, 0.008, across))
    lower = ridge(above_lid, 0.008) * smoothstep(1.1, 0.95, ahead) * (0.3 + 0.4 * makeup + 0.2 * across)
    canvas.shade(lower.clamp(min=0))


def paint_brows(canvas: Canvas, s: Scaffold) -> None:
    brows = s.face.brows
    x = s.u.abs() - brow_middle(s.face)
    along = x / brows.length
    away = s.v - brow_line(along, brows)
    thickness = brows.thickness * (1 - 0.55 * smoothstep(0.0, 1.0, along)) * smoothstep(1.15, 0.8, along.abs())
    hairs = s.noise(1, x * 42 + away.abs() * 30, (away - 0.4 * x) * 16)
    alpha = coverage(away.abs() - thickness + 0.01 * hairs, 0.022) * (along.abs() < 1.1)
    canvas.tint(alpha * (brows.density + 0.25 * hairs).clamp(0.2, 1), brows.colour)
    canvas.name((away.abs() < thickness) & (along.abs() < 1.05), s.sided(FaceClass.LEFT_BROW, FaceClass.RIGHT_BROW))


def paint_mouth(canvas: Canvas, s: Scaffold) -> None:
    mouth, u, v = s.face.mouth, s.u, s.v
    across = u / mouth.width
    edges = lips(across, mouth)
    top, inner_top, inner_bottom, bottom = edges
    inside = across.abs() < 1
    colour = mouth.colour * (1 + 0.16 * s.noise(1, u * 46, v * 6))[:, None]
    upper = coverage(torch.maximum(top - v, v - inner_top), s.pixel * 1.5) * inside
    lower = coverage(torch.maximum(inner_bottom - v, v - bottom), s.pixel * 1.5) * inside
    canvas.tint(upper, colour * 0.8, FaceClass.UPPER_LIP, mouth.gloss * 0.5)
    canvas.tint(lower, colour, FaceClass.LOWER_LIP, mouth.gloss)
    _paint_mouth_inside(canvas, s, across, inner_top, inner_bottom)
    corners = blob(across.abs() - 1.0, v - lip_line(across, mouth), 0.09, 0.022)
    closed = (mouth.open < 0.01) * smoothstep(1.05, 0.9, across.abs())
    seam = ridge(v - (inner_top + inner_bottom) / 2, 0.009) * closed
    canvas.shade((0.45 * corners + 0.75 * seam).clamp(0, 1), rgb(0.85, 1.0, 1.0, u))
    canvas.shade(0.28 * blob(v - bottom - 0.022, across, 0.02, 0.6), rgb(0.7, 1.0, 1.0, u))


def _paint_mouth_inside(canvas: Canvas, s: Scaffold, across: Tensor, top: Tensor, bottom: Tensor) -> None:
    """Paint the open mouth: dark, with a tongue and the upper teeth."""
    mouth, u, v = s.face.mouth, s.u, s.v
    gap = coverage(torch.maximum(top - v, v - bottom), s.pixel) * (across.abs() < 1)
    tongue = blob(u, v - bottom, 0.1, 0.035)[:, None]
    canvas.tint(gap, rgb(0.035, 0.01, 0.01, u) + tongue * rgb(0.22, 0.06, 0.06, u), FaceClass.MOUTH, 0.05)
    reach = ((bottom - top) * mouth.teeth.clamp(max=0.96)).clamp(max=0.1) - 0.004 * torch.cos(u * 150).abs()
    teeth = coverage(v - top - reach, 0.008) * coverage(across.abs() - 0.82, 0.1)
    place = u.abs() / 0.046
    gaps = smoothstep(0.42, 0.5, (place - place.round()).abs())
    shade = (1 - 0.55 * across**2) * (1 - 0.3 * gaps) * (0.55 + 0.45 * smoothstep(0.0, 0.02, v - top))
    canvas.tint(gap * teeth, rgb(0.72, 0.68, 0.58, u) * shade[:, None], None, 0.1)
