"""The traits of a synthetic face, as numbers.

Lengths are in face units: at scale 1, 1 is half the picture's side. The origin lies midway between the eyes; u grows to
the picture's right, v down, z toward the viewer. Numbers are tensors (N,1,1), colours (N,3,1,1) in linear light.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

Group = TypeVar("Group", bound=tuple)


class Pose(NamedTuple):
    yaw: Tensor  # radians, -0.7 to 0.7, mostly within 0.3, positive: turned to the picture's right
    pitch: Tensor  # radians, -0.2 to 0.2, positive: looking down
    roll: Tensor  # radians, -0.14 to 0.14
    scale: Tensor  # 0.97 to 1.15
    shift_x: Tensor  # of the centre between eyes and mouth, -0.04 to 0.04
    shift_y: Tensor


class Head(NamedTuple):
    width: Tensor  # half width at the eyes, 0.475 to 0.58
    top: Tensor  # v of the skull's top, -0.8 to -0.7
    chin: Tensor  # v of the chin, 0.75 to 0.93
    jaw: Tensor  # exponent of the jaw's curve, 1.7 (pointed) to 3.3 (square)
    taper: Tensor  # narrowing toward the chin, 0.04 to 0.32
    cheek: Tensor  # relief of the cheekbones, 0 to 1
    ear: Tensor  # size of the ears, 0.8 to 1.25


class Skin(NamedTuple):
    tone: Tensor  # colour
    blush: Tensor  # 0 to 1
    age: Tensor  # 0 to 1: wrinkles, folds, grey hair
    freckles: Tensor  # 0 (most faces) to 1
    mole: Tensor  # 0 or 1
    mole_u: Tensor  # -0.35 to 0.35
    mole_v: Tensor  # 0.1 to 0.7
    gloss: Tensor  # 0.02 to 0.22
    stubble: Tensor  # 0 to 1
    beard: Tensor  # 0 (none) to 1 (full)
    moustache: Tensor  # 0 to 1
    goatee: Tensor  # 0 to 1
    makeup: Tensor  # 0 to 1


class Eyes(NamedTuple):
    spread: Tensor  # u of the centres, 0.203 to 0.235
    width: Tensor  # half width, 0.08 to 0.1
    upper: Tensor  # height of the upper lid's arch, 0.024 to 0.056
    lower: Tensor  # depth of the lower lid's arch, 0.014 to 0.03
    tilt: Tensor  # how far the outer corner lies above the middle, -0.012 to 0.025
    crease: Tensor  # height of the lid's fold above the lid, 0.008 to 0.034
    iris: Tensor  # radius, 0.037 to 0.043
    colour: Tensor
    gaze_x: Tensor  # shift of the irises, -0.03 to 0.03
    gaze_y: Tensor  # -0.01 to 0.01
    shadow: Tensor  # colour of the lids' make-up


class Brows(NamedTuple):
    height: Tensor  # v of the middle, -0.19 to -0.11
    length: Tensor  # half length, 0.11 to 0.145
    thickness: Tensor  # half thickness, 0.013 to 0.035
    arch: Tensor  # -0.007 to 0.04
    tilt: Tensor  # rise toward the temple, -0.02 to 0.03
    density: Tensor  # 0.55 to 1.1
    colour: Tensor


class Nose(NamedTuple):
    length: Tensor  # v of the tip, 0.27 to 0.342
    width: Tensor  # half width at the wings, 0.1 to 0.165
    bridge: Tensor  # half width of the bridge, 0.035 to 0.059
    height: Tensor  # how far the tip stands out, 0.1 to 0.19
    nostrils: Tensor  # visibility, 0.3 to 1


class Mouth(NamedTuple):
    height: Tensor  # v of the lips' line, 0.49 to 0.56
    width: Tensor  # half width, 0.16 to 0.24
    smile: Tensor  # how far the corners rise, -0.008 to 0.07
    upper: Tensor  # thickness of the upper lip, 0.01 to 0.054
    lower: Tensor  # thickness of the lower lip, 0.026 to 0.08
    bow: Tensor  # depth of the Cupid's bow, 0.1 to 0.45
    open: Tensor  # half the gap between the lips, 0 (closed) to 0.08
    teeth: Tensor  # share of the gap that the upper teeth fill, 0.35 to 1.1
    colour: Tensor
    gloss: Tensor  # 0.05 to 0.6


class Hair(NamedTuple):
    amount: Tensor  # opacity, 0 (bald) to 1
    length: Tensor  # v where the hair behind the head ends, up to 1.8; 0: none is seen there
    front: Tensor  # v where the hair before the ears ends
    top: Tensor  # thickness above the skull
    side: Tensor  # thickness beside the skull
    flare: Tensor  # widening downward
    opening: Tensor  # half width of the face's opening in widths of the head
    hairline: Tensor  # v of the hairline
    fringe: Tensor  # how far hair hangs over the forehead
    sweep: Tensor  # slant of the hairline, signed
    droop: Tensor  # how steeply the hairline falls to both sides of the parting
    part: Tensor  # u of the parting, -0.35 to 0.35
    jag: Tensor  # raggedness of the ends
    wave: Tensor  # amplitude of waves
    curl: Tensor  # 0 (straight) to 1 (tight curls)
    comb: Tensor  # below 0.5: falls from the parting; above: combed away from the face
    lean: Tensor  # slant of combed hair, -1.5 to 1.5
    contrast: Tensor  # between locks, 0.2 to 0.9
    gloss: Tensor  # 0 to 1
    colour: Tensor
    tips: Tensor  # colour of the ends


class Hat(IntEnum):
    NONE = 0
    BEANIE = 1
    CAP = 2
    BRIMMED = 3


class Earring(IntEnum):
    NONE = 0
    STUD = 1
    DROP = 2
    HOOP = 3


class Wear(NamedTuple):
    glasses: Tensor  # 0 or 1
    lens_width: Tensor  # half width, 0.125 to 0.165
    lens_height: Tensor  # half height, 0.07 to 0.125
    lens_round: Tensor  # 0 (box) to 1 (round)
    frame: Tensor  # half thickness, 0.007 to 0.028
    frame_colour: Tensor
    tint: Tensor  # opacity of the lenses, 0.03 to 0.96
    tint_colour: Tensor
    hat: Tensor  # a Hat
    hat_line: Tensor  # v of its lower edge, -0.4 to -0.26
    hat_height: Tensor  # above the skull, 0.12 to 0.3
    hat_colour: Tensor
    hat_trim: Tensor  # colour
    earring: Tensor  # an Earring
    earring_size: Tensor  # 0.6 to 1.4
    metal: Tensor  # colour of jewellery
    necklace: Tensor  # 0 or 1
    necklace_drop: Tensor  # v of its lowest point, 0.92 to 1.08
    beads: Tensor  # 0 (chain) to 1 (beads)


class Cut(IntEnum):
    ROUND = 0
    V = 1
    ROLL = 2
    JACKET = 3


class Pattern(IntEnum):
    PLAIN = 0
    STRIPES = 1
    CHECKS = 2
    FLOWERS = 3


class Cloth(NamedTuple):
    shoulder: Tensor  # v where the shoulders begin, 0.66 to 0.95
    slope: Tensor  # of the shoulders, 0.2 to 0.6
    neck: Tensor  # half width of the neck, 0.25 to 0.37
    neckline: Tensor  # how far the garment opens below the shoulders, 0.02 to 0.4
    cut: Tensor  # a Cut
    pattern: Tensor  # a Pattern
    pitch: Tensor  # stripes in a unit, 5 to 14
    angle: Tensor  # radians, -0.6 to 0.6
    colour: Tensor
    second: Tensor  # colour


class Backdrop(IntEnum):
    PLAIN = 0
    LIGHTS = 1
    PANELS = 2
    LETTERING = 3
    FOLIAGE = 4


class Scene(NamedTuple):
    azimuth: Tensor  # of the light, radians, -1.4 to 1.4, positive: from the picture's right
    elevation: Tensor  # radians, 0.05 to 1
    key: Tensor  # strength of the light, 0.7 to 1.6
    ambient: Tensor  # strength of the light from all around, 0.08 to 0.45
    key_colour: Tensor
    ambient_colour: Tensor
    exposure: Tensor  # 0.75 to 1.35
    contrast: Tensor  # 0.1 to 0.9
    grain: Tensor  # amplitude, 0 (half the faces) to 0.02
    mono: Tensor  # 1: the picture is black and white
    backdrop: Tensor  # a Backdrop
    sharpness: Tensor  # of what is drawn on it, 0 to 1
    near: Tensor  # colours
    far: Tensor
    accent: Tensor


class Traits(NamedTuple):
    """All properties of N faces except the noise."""

    pose: Pose
    head: Head
    skin: Skin
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    hair: Hair
    wear: Wear
    cloth: Cloth
    scene: Scene


def to_device(group: Group, device: torch.device) -> Group:
    """Return the same traits on another device."""
    return type(group)(*(x.to(device) if isinstance(x, Tensor) else to_device(x, device) for x in group))
