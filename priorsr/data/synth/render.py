"""Draw a batch of faces: all layers from back to front, then the light."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.data.synth.anatomy import landmarks
from priorsr.data.synth.canvas import Canvas, develop
from priorsr.data.synth.features import paint_brows, paint_eyes, paint_mouth, paint_nose
from priorsr.data.synth.hair import grow, paint_back_hair, paint_front_hair
from priorsr.data.synth.scaffold import PictureWindow, Scaffold, scaffold
from priorsr.data.synth.scene import backdrop
from priorsr.data.synth.skin import paint_beard, paint_ears, paint_face, paint_neck
from priorsr.data.synth.traits import Cut, Traits
from priorsr.data.synth.wear import (
    paint_cloth,
    paint_earrings,
    paint_glasses,
    paint_hat,
    paint_jacket,
    paint_necklace,
)

OVERSAMPLING = 2  # samples along a pixel's side


class Layer(NamedTuple):
    paint: Callable[[Canvas, Scaffold], None]
    window: PictureWindow  # where the layer may lie, whatever the pose
    worn: Callable[[Traits], Tensor] = lambda face: torch.ones_like(face.pose.yaw)  # above 0: the face has it


BUST = PictureWindow(0.5, 1.0)
MUZZLE = PictureWindow(0.4, 1.0, 0.08, 0.92)
EYES = PictureWindow(0.2, 0.7, 0.08, 0.92)
BODY = (
    Layer(paint_neck, BUST),
    Layer(paint_cloth, BUST),
    Layer(paint_jacket, BUST, lambda face: face.cloth.cut == Cut.JACKET),
    Layer(paint_necklace, BUST, lambda face: face.wear.necklace),
    Layer(paint_ears, PictureWindow(0.2, 0.85)),
    Layer(paint_earrings, PictureWindow(0.35, 1.0), lambda face: face.wear.earring),
    Layer(paint_face, PictureWindow(0.0, 1.0)),
    Layer(paint_nose, MUZZLE),
    Layer(paint_mouth, MUZZLE),
    Layer(paint_beard, MUZZLE, lambda face: face.skin.stubble + face.skin.moustache + face.skin.goatee),
    Layer(paint_eyes, EYES),
    Layer(paint_brows, EYES),
    Layer(paint_glasses, PictureWindow(0.2, 0.7), lambda face: face.wear.glasses),
)
HAT = Layer(paint_hat, PictureWindow(0.0, 0.7), lambda face: face.wear.hat)


def render(face: Traits, tables: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return images (N,3,size,size) uint8, parsing maps (N,size,size) uint8, landmarks (N,68,2) float32 in pixels."""
    s = scaffold(face, tables, size * OVERSAMPLING)
    canvas = paint(s)
    picture = develop(canvas.light(face.scene), face.scene, tables[:, 3], s.picture_x, s.picture_y)
    images = (F.avg_pool2d(picture, OVERSAMPLING) * 255).round().to(torch.uint8)
    return images, majority(canvas.labels), landmarks(face, s.view, size)


def paint(s: Scaffold) -> Canvas:
    """Return the unlit pictures."""
    canvas = Canvas(backdrop(s), s.pixel)
    mane = grow(s)
    paint_back_hair(canvas, s, mane)
    for layer in BODY:
        _paint_layer(layer, canvas, s)
    paint_front_hair(canvas, s, mane)
    _paint_layer(HAT, canvas, s)
    return canvas


def _paint_layer(layer: Layer, canvas: Canvas, s: Scaffold) -> None:
    if (layer.worn(s.face) > 0).any():
        layer.paint(canvas.crop(layer.window), s.crop(layer.window))


def majority(labels: Tensor) -> Tensor:
    """Return the commonest class of each pixel's 2 x 2 samples (N,H,W); the first sample's if there is none."""
    a, b, c, d = (labels[:, i::2, j::2] for i in (0, 1) for j in (0, 1))
    first = (a == b) | (a == c) | (a == d)
    second = (b == c) | (b == d)
    return torch.where(first, a, torch.where(second, b, torch.where(c == d, c, a)))
