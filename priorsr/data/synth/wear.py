"""Paint clothes, necklaces, earrings, eyeglasses and hats."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from priorsr.data.synth.canvas import Canvas, rgb
from priorsr.data.synth.face_classes import FaceClass
from priorsr.data.synth.outlines import blob, box, coverage, ellipse, ridge, segment, smoothstep
from priorsr.data.synth.scaffold import Scaffold
from priorsr.data.synth.skin import ear_position
from priorsr.data.synth.traits import Cloth, Cut, Earring, Hat, Pattern


def paint_cloth(canvas: Canvas, s: Scaffold) -> None:
    cloth = s.face.cloth
    u, v = s.at(-0.38)
    garment = _garment(u, v, cloth)
    depth = -0.5 - 0.35 * u * u + 0.03 * s.noise(0, u * 5 + 2 * v, v * 4) + 0.03 * smoothstep(0.0, 0.05, -garment)
    shirt = rgb(0.75, 0.76, 0.8, u)
    plain = torch.where(cloth.cut[:, None] == Cut.JACKET, shirt, cloth.colour)
    printed = _pattern(s, u, v) * (cloth.cut != Cut.JACKET)
    weave = _weave(s, u, v) + 0.15 * s.noise(0, u * 8, v * 8)
    colour = torch.lerp(plain.expand(-1, -1, *u.shape[1:]), cloth.second, printed[:, None]) * weave[:, None]
    canvas.cover(coverage(garment, s.pixel), colour, FaceClass.CLOTH, depth, 0.02)


def _shoulder_line(u: Tensor, cloth: Cloth) -> Tensor:
    return cloth.shoulder + (u.abs() - cloth.neck) * cloth.slope


def _garment(u: Tensor, v: Tensor, cloth: Cloth) -> Tensor:
    """Return the distance to the garment with its neckline; under a jacket, to a shirt with an open collar."""
    au, body = u.abs(), _shoulder_line(u, cloth) - v
    round_cut = ellipse(u, v - cloth.shoulder + 0.05, cloth.neck * 1.05, cloth.neckline + 0.05)
    v_cut = au - cloth.neck * 1.05 * (1 - (v - cloth.shoulder) / (cloth.neckline + 0.2))
    opened = torch.maximum(body, -torch.where(cloth.cut == Cut.V, v_cut, round_cut))
    tube = torch.maximum(au - cloth.neck - 0.03, cloth.shoulder - 0.1 - v + 0.12 * (u / cloth.neck) ** 2)
    collar = torch.minimum(body, cloth.shoulder - 0.06 + 0.75 * (au - cloth.neck * 0.9).abs() - v)
    shirt = torch.maximum(collar, 0.9 * (cloth.shoulder + cloth.neckline - 0.02 - v) - au)
    closed = torch.where(cloth.cut == Cut.ROLL, torch.minimum(tube, body), opened)
    return torch.where(cloth.cut == Cut.JACKET, shirt, closed)


def _pattern(s: Scaffold, u: Tensor, v: Tensor) -> Tensor:
    """Return the share of the second colour."""
    cloth = s.face.cloth
    along = u * torch.cos(cloth.angle) + v * torch.sin(cloth.angle)
    across = v * torch.cos(cloth.angle) - u * torch.sin(cloth.angle)
    stripes, bands = (smoothstep(-0.2, 0.2, torch.sin(math.tau * cloth.pitch * c)) for c in (along, across))
    flowers = smoothstep(0.1, 0.35, s.noise(1, u * cloth.pitch * 2, v * cloth.pitch * 2))
    checks = (stripes + bands) / 2 * (cloth.pattern == Pattern.CHECKS)
    return checks + stripes * (cloth.pattern == Pattern.STRIPES) + flowers * (cloth.pattern == Pattern.FLOWERS)


def _weave(s: Scaffold, u: Tensor, v: Tensor) -> Tensor:
    return 1 + 0.13 * s.noise(2, u * 60, v * 60)


def paint_jacket(canvas: Canvas, s: Scaffold) -> None:
    """Paint a tie and a jacket with lapels, over a shirt."""
    cloth = s.face.cloth
    u, v = s.at(-0.38)
    au, worn = u.abs(), cloth.cut == Cut.JACKET
    knot = cloth.shoulder + cloth.neckline - 0.02
    tie = torch.maximum(au - 0.045 - 0.12 * (v - knot - 0.08).clamp(min=0), knot - v)
    stripes = 1 + 0.5 * torch.sin(math.tau * cloth.pitch * (u + v))
    tied = worn & (cloth.pattern != Pattern.PLAIN)
    canvas.tint(coverage(tie, s.pixel) * tied, cloth.second * stripes[:, None], FaceClass.CLOTH)
    edge = 0.02 + (1.32 - v) * 0.75
    jacket = torch.maximum(edge - au, _shoulder_line(u, cloth) - 0.01 - v)
    depth = -0.42 - 0.35 * u * u + 0.03 * s.noise(0, u * 4, v * 4) + 0.03 * ridge(au - edge - 0.12, 0.1)
    colour = cloth.colour * _weave(s, u, v)[:, None]
    canvas.cover(coverage(jacket, s.pixel) * worn, colour, FaceClass.CLOTH, depth, 0.02)


def paint_necklace(canvas: Canvas, s: Scaffold) -> None:
    wear, half = s.face.wear, s.face.cloth.neck * 1.02
    u, v = s.at(-0.36)
    links = torch.sin(u * 130)
    line = wear.necklace_drop - 0.16 * (u / half) ** 2
    away = (v - line).abs() / torch.sqrt(1 + (0.32 * u / half**2) ** 2)
    chain = coverage(away - 0.012 - 0.012 * wear.beads * links.abs().sqrt(), s.pixel) * (u.abs() < half)
    pendant = coverage(ellipse(u, v - line - 0.03, 0.022, 0.03), s.pixel) * (wear.beads < 0.5)
    alpha = torch.maximum(chain, pendant) * wear.necklace
    canvas.tint(alpha, wear.metal * (1 + 0.6 * links)[:, None], FaceClass.NECKLACE, 0.6)


def paint_earrings(canvas: Canvas, s: Scaffold) -> None:
    wear, size = s.face.wear, s.face.wear.earring_size
    x, y, turned = ear_position(s, -0.44)
    y = y - 0.145 * s.face.head.ear
    stud = ellipse(x, y, 0.024 * size, 0.024 * size)
    drop = torch.minimum(stud, box(x, y - 0.1 * size, 0.016 * size, 0.09 * size, 0.014))
    hoop = ellipse(x, y - 0.09 * size, 0.075 * size * (1 - 0.5 * turned.abs()), 0.095 * size).abs() - 0.009
    shape = torch.where(wear.earring == Earring.DROP, drop, torch.where(wear.earring == Earring.HOOP, hoop, stud))
    sparkle = 1 + 0.7 * s.noise(3, x * 50, y * 50)
    alpha = coverage(shape, s.pixel) * (wear.earring != Earring.NONE)
    canvas.tint(alpha, wear.metal * sparkle[:, None], FaceClass.EARRING, 0.8)


def paint_glasses(canvas: Canvas, s: Scaffold) -> None:
    """Paint glasses; eyes and brows keep their classes behind clear lenses, not behind dark ones and frames."""
    wear = s.face.wear
    u, v = s.at(0.03)
    middle = s.face.eyes.spread + 0.01
    x, y = u.abs() - middle, v - 0.02
    height = wear.lens_height * (0.8 + 0.2 * wear.lens_round)
    width = torch.lerp(wear.lens_width, torch.minimum(wear.lens_width, height * 1.15), wear.lens_round)
    lens = box(x, y, width, height, height * (0.35 + 0.6 * wear.lens_round))
    bridge = torch.maximum((v + 0.015 + 0.4 * u * u).abs() - wear.frame * 0.9, u.abs() - middle + width)
    temple = segment(s.u.abs(), s.v, (middle + width, -0.03), (s.face.head.width + 0.05, -0.01)) - wear.frame * 0.8
    frame = torch.minimum(torch.minimum(lens.abs() - wear.frame, bridge), torch.maximum(temple, s.outline - 0.03))

    glass = coverage(lens, s.pixel) * wear.glasses
    canvas.tint(glass * wear.tint, wear.tint_colour)
    behind = (canvas.labels >= FaceClass.LEFT_EYE) & (canvas.labels <= FaceClass.RIGHT_BROW)
    canvas.name((glass > 0.5) & ~(behind & (wear.tint < 0.3)), FaceClass.EYEGLASSES)
    slanted = (x * torch.where(u > 0, 1.0, -1.0) + 0.8 * y - 0.04).abs()
    reflection = smoothstep(0.06, 0.0, slanted) * smoothstep(0.0, -0.03, lens)
    canvas.tint(glass * reflection * 0.16, rgb(0.9, 0.95, 1.0, u))
    rim = coverage(frame, s.pixel) * wear.glasses
    shine = 1 + 0.8 * blob(y + height, x, 0.05, 0.12)
    canvas.tint(rim, wear.frame_colour * shine[:, None], FaceClass.EYEGLASSES, 0.1)
    canvas.depth.add_(0.05 * rim)


def paint_hat(canvas: Canvas, s: Scaffold) -> None:
    wear, head = s.face.wear, s.face.head
    u, v = s.at(-0.2)
    half, base = head.width + 0.05 + 0.6 * s.face.hair.side, wear.hat_line
    edge = base + 0.1 * (u / head.width) ** 2 * (wear.hat == Hat.BEANIE)
    crown = ellipse(u, (v - base).clamp(max=0), half, wear.hat_height - head.top + base)
    alpha = coverage(torch.maximum(crown, v - edge), s.pixel) * (wear.hat != Hat.NONE)
    ribs = torch.sin(u * 70 / (1 - 0.5 * (u / half) ** 2).clamp(min=0.5)) * (wear.hat == Hat.BEANIE)
    seams = ridge(torch.sin(u * 8.5), 0.06) * (wear.hat == Hat.CAP)
    cloth = (1 + 0.3 * ribs - 0.25 * seams) * _weave(s, u, v) + 0.1 * s.noise(0, u * 7, v * 7)
    round_depth = -0.35 + 0.5 * torch.sqrt(1 - ((u / half) ** 2).clamp(max=0.98)) - 0.5 * (v - base + 0.1) ** 2
    canvas.cover(alpha, wear.hat_colour * cloth[:, None], FaceClass.HAT, round_depth + 0.01 * ribs, 0.03)
    band = coverage((v - edge + 0.06).abs() - 0.06, s.pixel) * alpha * (wear.hat != Hat.CAP)
    canvas.tint(band, wear.hat_trim * cloth[:, None])
    _paint_brim(canvas, s, u, v - base, half, cloth)


def _paint_brim(canvas: Canvas, s: Scaffold, u: Tensor, y: Tensor, half: Tensor, cloth: Tensor) -> None:
    """Paint the peak of a cap, or the brim around a hat; y is counted from the hat's lower edge."""
    wear = s.face.wear
    peak = torch.maximum(ellipse(u, y, half * 0.9, 0.12), -0.06 - y)
    brim = ellipse(u, y - 0.02 + 0.25 * u * u, half * 1.75, 0.085)
    worn = (wear.hat == Hat.CAP) | (wear.hat == Hat.BRIMMED)
    alpha = coverage(torch.where(wear.hat == Hat.CAP, peak, brim), s.pixel) * worn
    lit = 0.75 + 0.25 * smoothstep(0.08, -0.08, y)
    colour = torch.where(wear.hat[:, None] == Hat.CAP, wear.hat_trim, wear.hat_colour) * (lit * cloth)[:, None]
    canvas.cover(alpha, colour, FaceClass.HAT, 0.25 - 0.3 * u * u + 0.6 * y, 0.03)
