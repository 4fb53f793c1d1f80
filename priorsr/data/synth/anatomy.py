"""The geometry of a face: relief and pose of the head, and the curves that painting and landmarks share."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.data.synth.outlines import ridge, smoothstep
from priorsr.data.synth.traits import Brows, Eyes, Head, Mouth, Nose, Traits

EYE_LINE, MOUTH_LINE = -0.05, 0.485  # their position in CelebA's aligned images, in a picture from -1 to 1
Points = tuple[Tensor, Tensor]  # u and v


def relief(u: Tensor, v: Tensor, nose: Nose) -> Tensor:
    """Return z of the head's surface at the frontal position (u, v): a rounded front with the nose on it."""
    rise = smoothstep(-0.2, nose.length + 0.02, v) * smoothstep(nose.length + 0.15, nose.length - 0.01, v)
    spread = nose.bridge * 1.15 + (nose.width * 0.64 - nose.bridge) * smoothstep(0.0, nose.length, v)
    return skull(u, v) + nose.height * rise * ridge(u, spread)


def skull(u: Tensor, v: Tensor) -> Tensor:
    """Return z of the head's surface without the nose, carried on beyond the head's outline."""
    return -1.3 * (torch.sqrt(u * u + 0.16) - 0.4) - 0.45 * (v - 0.2) ** 2


class Camera(NamedTuple):
    """Face to picture: x = u cos(yaw) + z sin(yaw), y = v cos(pitch) + z sin(pitch), then roll, scale and shift."""

    cos_yaw: Tensor
    sin_yaw: Tensor
    cos_pitch: Tensor
    sin_pitch: Tensor
    cos_roll: Tensor
    sin_roll: Tensor
    scale: Tensor
    shift_x: Tensor
    shift_y: Tensor

    def project(self, u: Tensor, v: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture coordinates in [-1, 1] of points in space."""
        x = u * self.cos_yaw + z * self.sin_yaw
        y = v * self.cos_pitch + z * self.sin_pitch
        x, y = x * self.cos_roll - y * self.sin_roll, x * self.sin_roll + y * self.cos_roll
        return x * self.scale + self.shift_x, y * self.scale + self.shift_y

    def upright(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Undo shift, scale and roll: picture coordinates in face units, still as seen by the camera."""
        x, y = (x - self.shift_x) / self.scale, (y - self.shift_y) / self.scale
        return x * self.cos_roll + y * self.sin_roll, y * self.cos_roll - x * self.sin_roll

    def unturn(self, x: Tensor, y: Tensor, z: float | Tensor) -> Points:
        """Return the frontal position of the point at depth z that is seen at upright (x, y)."""
        return (x - z * self.sin_yaw) / self.cos_yaw, (y - z * self.sin_pitch) / self.cos_pitch

    def surface(self, x: Tensor, y: Tensor, nose: Nose) -> Points:
        """Return the frontal position of the foremost point of the head's surface seen at upright (x, y).

        Marches toward the head in cautious steps, most of them at half the resolution.
        """
        coarse_x, coarse_y = (F.avg_pool2d(c[:, None], 2)[:, 0] for c in (x, y))
        z = self._march(coarse_x, coarse_y, torch.full_like(coarse_x, 0.3), nose, 14)
        z = F.interpolate(z[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0]
        return self.unturn(x, y, self._march(x, y, z, nose, 4))

    def _march(self, x: Tensor, y: Tensor, z: Tensor, nose: Nose, steps: int) -> Tensor:
        for _ in range(steps):
            z = z + 0.5 * (relief(*self.unturn(x, y, z), nose) - z)
        return z


def camera(face: Traits) -> Camera:
    """Return the camera that places the middle between eyes and mouth as aligned pictures do."""
    pose = face.pose
    zero = torch.zeros_like(pose.scale)
    turns = [f(angle) for angle in (pose.yaw, pose.pitch, pose.roll) for f in (torch.cos, torch.sin)]
    centred = Camera(*turns, *[pose.scale, zero, zero])
    eyes_x, eyes_y = centred.project(zero, zero, relief(zero, zero, face.nose))
    mouth_x, mouth_y = centred.project(zero, face.mouth.height, relief(zero, face.mouth.height, face.nose))
    shift_x = pose.shift_x - (eyes_x + mouth_x) / 2
    shift_y = pose.shift_y - (eyes_y + mouth_y) / 2 + (EYE_LINE + MOUTH_LINE) / 2
    return centred._replace(shift_x=shift_x, shift_y=shift_y)


def jaw_curve(angle: Tensor, head: Head) -> Points:
    """Return the face's lower outline: 0 is beside the eye on the picture's left, pi / 2 the chin, pi beside the
    other eye.
    """
    t = torch.sin(angle).clamp(min=0) ** (2 / head.jaw)
    return -head.width * (1 - head.taper * t) * torch.cos(angle), head.chin * t


def face_field(u: Tensor, v: Tensor, head: Head) -> Tensor:
    """Return the implicit outline of the head, negative inside: `jaw_curve` below the eyes, a rounder arch above."""
    down, up = (v / head.chin).clamp(min=0), (v / head.top).clamp(min=0)
    half_width = head.width * (1 - head.taper * down).clamp(min=0.1)
    return (u / half_width) ** 2 + down**head.jaw + up * up * up.sqrt() - 1


def upper_lid(s: Tensor, eyes: Eyes) -> Tensor:
    """Return v of the upper lid's edge; s runs from -1 at the inner corner to 1 at the outer one."""
    return -eyes.upper * (1 - s * s) * (1 - 0.2 * s) - eyes.tilt * s


def lower_lid(s: Tensor, eyes: Eyes) -> Tensor:
    """Return v of the lower lid's edge."""
    return eyes.lower * (1 - s * s) * (1 + 0.3 * s) - eyes.tilt * s


def brow_middle(face: Traits) -> Tensor:
    """Return u of the brows' middle."""
    return face.eyes.spread + 0.012


def brow_line(s: Tensor, brows: Brows) -> Tensor:
    """Return v of the brow's middle line; s runs from -1 near the nose to 1 at the temple."""
    return brows.height - brows.tilt * s - brows.arch * (0.5 - (s - 0.35) ** 2)


def nose_half_width(v: Tensor, nose: Nose) -> Tensor:
    """Return the half width of the nose at height v, widest at the wings."""
    return nose.bridge + (nose.width - nose.bridge) * smoothstep(0.35, 0.95, v / nose.length)


def nose_base(u: Tensor, nose: Nose) -> Tensor:
    """Return v of the nose's lower edge."""
    return nose.length + 0.075 - 0.03 * (u / nose.width) ** 2


def lip_line(s: Tensor, mouth: Mouth) -> Tensor:
    """Return v of the line between closed lips; s runs from -1 to 1 between the corners."""
    return mouth.height - mouth.smile * s * s


def lips(s: Tensor, mouth: Mouth) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return v of four edges, top to bottom: the upper lip's upper and lower one, the lower lip's upper and lower
    one.
    """
    line, arch = lip_line(s, mouth), (1 - s * s).clamp(min=0)
    inner_up, inner_low = line - 0.35 * mouth.open * arch, line + 1.65 * mouth.open * arch
    bow = 1 - mouth.bow * (ridge(s, 0.14) - 0.5 * ridge(s.abs() - 0.3, 0.2))
    fullness = (arch * arch.sqrt()).sqrt()
    return inner_up - mouth.upper * bow * fullness, inner_up, inner_low, inner_low + mouth.lower * fullness


def landmarks(face: Traits, view: Camera, size: int) -> Tensor:
    """Return the 68 points of `ibug-68` (N,68,2) in pixels, from the curves that the painting follows."""
    features = [*_brow_points(face), *_nose_points(face), *_eye_points(face), _mouth_points(face)]
    points = [_jaw_points(face), *features]
    u, v = (torch.cat([p[axis] for p in points], -1) for axis in (0, 1))
    x, y = view.project(u, v, relief(u, v, face.nose))
    return ((torch.cat([x, y], 1) + 1) * (size / 2) - 0.5).transpose(1, 2).contiguous()


def _row(face: Traits, values: list[float]) -> Tensor:
    """Return the same values for every face, (N,1,K)."""
    return torch.tensor(values, device=face.pose.yaw.device).expand(len(face.pose.yaw), 1, -1)


def _jaw_points(face: Traits) -> Points:
    """Return 17 points at equal distances along the outline."""
    u, v = jaw_curve(_row(face, [math.pi * i / 256 for i in range(257)]), face.head)
    length = F.pad(torch.hypot(u.diff(), v.diff()).cumsum(-1), (1, 0))  # (N,1,257)
    wanted = _row(face, [i / 16 for i in range(17)]) * length[..., -1:]
    after = torch.searchsorted(length, wanted.contiguous()).clamp(1, 256)
    before_length, after_length = length.gather(-1, after - 1), length.gather(-1, after)
    part = (wanted - before_length) / (after_length - before_length)
    u, v = (torch.lerp(x.gather(-1, after - 1), x.gather(-1, after), part) for x in (u, v))
    return u, v


def _brow_points(face: Traits) -> list[Points]:
    s = _row(face, [0.95, 0.475, 0, -0.475, -0.95])
    u, v = brow_middle(face) + face.brows.length * s, brow_line(s, face.brows)
    return [(-u, v), (u.flip(-1), v.flip(-1))]


def _nose_points(face: Traits) -> list[Points]:
    nose = face.nose
    bridge = _row(face, [0, 1 / 3, 2 / 3, 1]) * nose.length
    across = _row(face, [-0.75, -0.4, 0, 0.4, 0.75]) * nose.width
    return [(torch.zeros_like(bridge), bridge), (across, nose_base(across, nose))]


def _eye_points(face: Traits) -> list[Points]:
    upper, lower = _row(face, [1, 0.34, -0.34, -1]), _row(face, [-0.34, 0.34])
    u = face.eyes.spread + face.eyes.width * torch.cat([upper, lower], -1)
    v = torch.cat([upper_lid(upper, face.eyes), lower_lid(lower, face.eyes)], -1)
    mirrored = [3, 2, 1, 0, 5, 4]  # both eyes are counted clockwise from the corner on the picture's left
    return [(-u, v), (u[..., mirrored], v[..., mirrored])]


def _mouth_points(face: Traits) -> Points:
    outer, inner = _row(face, [-1, -0.62, -0.3, 0, 0.3, 0.62, 1]), _row(face, [-0.88, -0.4, 0, 0.4, 0.88])
    runs = ((outer, 0), (outer[..., 1:-1].flip(-1), 3), (inner, 1), (inner[..., 1:-1].flip(-1), 2))
    u = torch.cat([s for s, _ in runs], -1) * face.mouth.width
    return u, torch.cat([lips(s, face.mouth)[edge] for s, edge in runs], -1)
