"""Paint skin: neck, ears, and the head with its relief, complexion and beard."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.data.synth.anatomy import lip_line, lips, lower_lid, relief
from priorsr.data.synth.canvas import Canvas, rgb
from priorsr.data.synth.face_classes import FaceClass
from priorsr.data.synth.outlines import blob, coverage, ellipse, ridge, smoothstep
from priorsr.data.synth.scaffold import Scaffold


def paint_neck(canvas: Canvas, s: Scaffold) -> None:
    cloth = s.face.cloth
    u, v = s.at(-0.35)
    au, flare = u.abs(), (v - cloth.shoulder + 0.12).clamp(min=0)
    shoulders = cloth.shoulder + 0.05 + (au - cloth.neck) * cloth.slope
    column = au - cloth.neck - 0.1 * flare - 2.2 * flare * flare
    alpha = coverage(torch.minimum(column, shoulders - v), s.pixel) * (v > 0.3)
    sinews, collar_bones = ridge(au - 0.12 - 0.25 * (1 - v), 0.05), ridge(v - 1.05 - 0.05 * au, 0.03)
    depth = -0.42 - 0.145 * (u / cloth.neck) ** 2 - 0.1 * v + 0.02 * (sinews + collar_bones)
    canvas.cover(alpha, s.skin, FaceClass.NECK, depth, 0.03, 1.0)


def ear_position(s: Scaffold, z: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return coordinates around both ears (x outward, y down), and how far each faces the viewer (below 0: away)."""
    head, yaw = s.face.head, s.view.sin_yaw
    u, v = s.at(z)
    turned = torch.where(u * yaw > 0, -yaw.abs(), yaw.abs())
    return u.abs() - head.width - 0.005 - 0.1 * turned.clamp(max=0), v - 0.06, turned


def paint_ears(canvas: Canvas, s: Scaffold) -> None:
    size = s.face.head.ear
    x, y, turned = ear_position(s, -0.48)
    y = y - 0.12 * x
    narrowing = 1 - 0.25 * smoothstep(-0.1, 0.15, y)
    shape = ellipse(x + 0.3 * y, y, 0.068 * size * (1 + 0.9 * turned) * narrowing, 0.155 * size)
    bowl = blob(x + 0.01, y + 0.01, 0.03, 0.07)
    depth = -0.44 + 0.05 * ridge(shape + 0.018, 0.014) - 0.06 * bowl - 0.25 * x
    colour = s.skin * (1 - 0.5 * bowl[:, None]) * rgb(1.08, 0.92, 0.9, x)
    canvas.cover(coverage(shape, s.pixel), colour, s.sided(FaceClass.LEFT_EAR, FaceClass.RIGHT_EAR), depth, 0.04, 1.0)


def paint_face(canvas: Canvas, s: Scaffold) -> None:
    alpha = coverage(s.outline, s.pixel)
    canvas.cover(alpha, s.skin, FaceClass.SKIN, face_depth(s), s.face.skin.gloss * _shine(s), 1.0)
    _paint_complexion(canvas, s, alpha)


def _shine(s: Scaffold) -> Tensor:
    """Return the shine of skin: most on forehead, nose, cheekbones, chin."""
    u, v = s.u, s.v
    spots = blob(u, v + 0.36, 0.22, 0.12) + blob(u, v - 0.6 * s.face.nose.length, 0.05, 0.2)
    spots = spots + 0.8 * blob(u.abs() - 0.26, v - 0.2, 0.09, 0.06) + 0.5 * blob(u, v - 0.75, 0.08, 0.05)
    return (0.45 + spots) * (1 + 0.5 * s.pores)


def face_depth(s: Scaffold) -> Tensor:
    """Return the head's relief in full, with its turn at the outline."""
    turn = (1 + s.outline / 0.14).clamp(0, 1.3)
    pores = (0.0006 + 0.002 * s.face.skin.age**2) * s.pores
    return relief(s.u, s.v, s.face.nose) + _bones(s) + _lip_relief(s) - _wrinkles(s) - 0.16 * turn**3 + pores


def _bones(s: Scaffold) -> Tensor:
    """Return the relief of sockets, eyeballs, brows, cheeks, wings and tip of the nose, muzzle, philtrum, chin."""
    face, v, au = s.face, s.v, s.u.abs()
    x, nose, mouth, chin = au - face.eyes.spread, face.nose, face.mouth, face.head.chin
    eyes = 0.035 * blob(x, v, 0.075, 0.05) - 0.055 * blob(x + 0.02, v + 0.015, 0.12, 0.075)
    brows = 0.022 * blob(x + 0.02, v - face.brows.height - 0.02, 0.16, 0.045)
    lift = 0.02 + 0.035 * face.head.cheek + 0.8 * mouth.smile.clamp(min=0)
    cheeks = lift * blob(au - 0.27, v - 0.2, 0.12, 0.1)
    hollows = (0.01 + 0.03 * face.skin.age) * blob(au - 0.33, v - 0.42, 0.1, 0.15)
    wings = 0.055 * blob(au - nose.width * 0.68, v - nose.length - 0.015, nose.width * 0.42, 0.05)
    tip = 0.03 * blob(au, v - nose.length, 0.06, 0.045)
    muzzle = 0.05 * blob(au, v - mouth.height, 0.2, 0.14) + 0.05 * blob(au, v - chin + 0.11, 0.12, 0.075)
    dips = 0.02 * blob(au, v - 0.4 * chin - 0.6 * mouth.height - 0.01, 0.12, 0.03)
    dips = dips + 0.012 * blob(au, v - (nose.length + mouth.height) / 2 - 0.03, 0.022, 0.05)
    return eyes + brows + cheeks - hollows + wings + tip + muzzle - dips


def _lip_relief(s: Scaffold) -> Tensor:
    mouth = s.face.mouth
    across = s.u / mouth.width
    up, inner_up, inner_low, low = lips(across, mouth)
    upper = 0.018 * ridge(s.v - (0.35 * up + 0.65 * inner_up), mouth.upper * 0.6)
    lower = 0.03 * ridge(s.v - (inner_low + low) / 2, mouth.lower * 0.55)
    parting = 0.02 * ridge(s.v - lip_line(across, mouth), 0.008)
    return (upper + lower - parting) * (1 - across * across).clamp(min=0)


def _wrinkles(s: Scaffold) -> Tensor:
    """Return the depth of the folds beside the mouth, of the forehead's lines, crow's feet and bags under the eyes."""
    face, u, v = s.face, s.u, s.v
    au, age, smile = u.abs(), face.skin.age, 14 * face.mouth.smile.clamp(min=0)
    x, below_nose = au - face.eyes.spread, v - face.nose.length
    fold = 0.95 * face.nose.width + (face.mouth.width + 0.045 - face.nose.width) * (below_nose / 0.24).clamp(0, 1.3)
    reach = smoothstep(-0.09, 0.01, below_nose) * smoothstep(0.32, 0.18, below_nose)
    folds = (0.006 + 0.02 * age + 0.014 * smile) * ridge(au - fold, 0.022) * reach
    lines = torch.sin((v + 0.02 * s.noise(0, u * 3, v * 3)) * 75 + 8 * u * u) * 0.5 + 0.5
    forehead = 0.016 * (age - 0.4).clamp(min=0) * lines * blob(u, v + 0.33, 0.28, 0.1)
    rays = torch.sin(torch.atan2(v, x) * 16) * 0.5 + 0.5
    feet = (0.018 * age * age + 0.003 * smile) * rays * blob(x - 0.15, v - 0.01, 0.05, 0.06)
    bags = (0.002 + 0.011 * age) * blob(v - lower_lid(x / face.eyes.width, face.eyes) - 0.045, x, 0.014, 0.09)
    return folds + forehead + feet + bags


def _paint_complexion(canvas: Canvas, s: Scaffold, alpha: Tensor) -> None:
    """Paint blush, shadowed eye sockets, freckles and a mole."""
    skin, u, v, au = s.face.skin, s.u, s.v, s.u.abs()
    flush = blob(au - 0.29, v - 0.24, 0.13, 0.1) + 0.6 * blob(u, v - s.face.nose.length, 0.09, 0.06)
    flush = flush + 0.5 * blob(u, v - 0.78, 0.15, 0.08)
    canvas.shade(0.24 * skin.blush * flush * alpha, rgb(0.1, 1.0, 0.85, u))
    hollow = blob(au - s.face.eyes.spread + 0.03, v - 0.01, 0.11, 0.06) * (0.6 + 0.6 * skin.age)
    canvas.shade(hollow * alpha, rgb(0.16, 0.24, 0.2, u))
    dots = smoothstep(0.35, 0.7, s.noise(3, u * 46, v * 46)) * blob(u, v - 0.2, 0.35, 0.16)
    canvas.shade(skin.freckles * dots * alpha, rgb(0.3, 0.5, 0.6, u))
    mole = coverage(ellipse(u - skin.mole_u, v - skin.mole_v, 0.012, 0.011), 0.01)
    canvas.shade(0.7 * skin.mole * mole * alpha)


def paint_beard(canvas: Canvas, s: Scaffold) -> None:
    """Paint stubble, beard, moustache and goatee, which are skin in the parsing map, as in CelebAMask-HQ."""
    face, u, v = s.face, s.u, s.v
    skin, mouth, au = face.skin, face.mouth, u.abs()
    top, _, _, bottom = lips((u / mouth.width).clamp(-1, 1), mouth)
    around = torch.maximum(torch.maximum(top - v, v - bottom), au - mouth.width)
    alpha = coverage(s.outline, s.pixel) * smoothstep(-0.015, 0.015, around)
    cheek = 0.42 - 0.375 * smoothstep(0.25, 0.52, au)
    jaw = smoothstep(-0.05, 0.1, v - cheek) * smoothstep(0.12, 0.2, v)
    reach = (au / (mouth.width * 1.4)) ** 2
    middle = (face.nose.length + 0.08 + top) / 2 + 0.06 * reach
    lip = coverage((v - middle).abs() - 0.055 * (1 - 0.4 * reach), 0.04) * (2 - 2 * reach).clamp(0, 1)
    chin = blob(u, v - face.head.chin + 0.07, 0.16, 0.13)
    chin = chin + blob(au - mouth.width * 1.1, v - mouth.height - 0.05, 0.035, 0.13)
    hairs = s.noise(1, u * 50 + v * 8, v * 20)
    dense = torch.maximum(skin.beard * jaw, torch.maximum(skin.moustache * lip, skin.goatee * chin.clamp(max=1)))
    dense = (dense * 1.5 + 0.45 * hairs * (dense > 0.02) - 0.15).clamp(0, 1)
    canvas.tint(alpha * dense * 0.93, face.brows.colour * (1 + 0.8 * hairs)[:, None].clamp(min=0.3), None, 0.02)
    shadow = skin.stubble * torch.maximum(jaw, lip) * (0.75 + 0.5 * s.noise(3, u * 60, v * 60))
    canvas.shade(0.55 * alpha * shadow, rgb(1.0, 0.9, 0.78, u))
