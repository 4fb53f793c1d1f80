"""Landmarks derived from parsing maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.priors.label_maps import label_map

LEAST_PIXELS = 6  # pixels; a smaller part has no reliable shape
CHUNK = 64  # faces at once, which bounds the memory

EYE = (0.0, 1 / 3, 2 / 3, 1.0)  # positions between a part's corners, as in the mean face of the 68-point scheme
BROW = (0.0, 0.25, 0.5, 0.75, 1.0)
OUTER_LIP = (0.0, 0.19, 0.36, 0.5, 0.64, 0.81, 1.0)
INNER_LIP = (0.07, 0.35, 0.5, 0.65, 0.93)
NOSE_BRIDGE = (0.0, 0.26, 0.52, 0.78)  # of the height from the eyes' line to the nose's base
NOSE_BASE = (-0.72, -0.4, 0.0, 0.4, 0.72)  # of half the width of the wings
JAW = (180.0, 163.0, 148.0, 135.5, 124.5, 115.0, 106.0, 98.0, 90.0)  # degrees, from the point between the eyes

_CLASSES = {name: index for index, name in enumerate(label_map("celebamask-19").classes)}
_FACE = (
    "skin",
    "nose",
    "eyeglasses",
    "left eye",
    "right eye",
    "left brow",
    "right brow",
    "mouth",
    "upper lip",
    "lower lip",
)
_FACE_ENDS_AT = ("background", "neck", "cloth", "necklace", "left ear", "right ear", "earring")


def landmarks_from_parsing(parsing: Tensor) -> tuple[Tensor, Tensor]:
    """Derive the 68 landmarks (iBUG) from parsing maps in CelebAMask-HQ's 19 classes.

    parsing: (B,H,W) class indices, or (B,19,H,W) class probabilities, of which the largest is taken. Returns landmarks
    (B,68,2) float32, (x, y) in the map's pixels, and valid (B,68) bool. The points of an absent or hidden part are not
    valid, and 0. The face must be upright, within 45 degrees.

    Eyes: corners at the ends of the mask's principal axis, lids on its upper and lower edge. Brows: on the middle
    line between the edges. Lips: corners of the union of lips and mouth, then the four edges. Nose: the bridge from the
    line of the eyes down the mask's middle, the base on its lower edge. Jaw: the points at which rays from between the
    eyes leave the face; valid only where the face ends at background, neck, cloth or ear, not at hair, a hat or the
    image's border. The tip of the nose, and the positions along the jaw, are estimated from the proportions of a mean
    face.
    """
    if parsing.ndim == 4 and parsing.shape[1] == len(_CLASSES):
        parsing = parsing.argmax(1)
    if parsing.ndim != 3:
        raise ShapeError(
            f"the parsing map has shape {tuple(parsing.shape)}; class indices (B, H, W) or probabilities "
            f"(B, {len(_CLASSES)}, H, W) were expected"
        )
    with np.errstate(invalid="ignore", divide="ignore"):  # a part without pixels has no mean, and is not valid
        maps = parsing.to(
            "cpu", torch.uint8
        ).numpy()  # in NumPy, since torch's threads would slow down the many small steps
        parts = [_landmarks(maps[start : start + CHUNK]) for start in range(0, max(len(maps), 1), CHUNK)]
    points, known = (np.concatenate(part) for part in zip(*parts, strict=True))
    landmarks = torch.from_numpy(np.where(known[..., None], points, 0).astype(np.float32))
    return landmarks.to(parsing.device), torch.from_numpy(known).to(parsing.device)


Found = tuple[np.ndarray, np.ndarray]
"""Points (B,K,2) and which are there (B,K)."""


class _Frame(NamedTuple):
    """A coordinate frame for each face: t along the unit vector `along`, s perpendicular to it, down the face."""

    origin: np.ndarray  # (B,2)
    along: np.ndarray  # (B,2)

    @property
    def down(self) -> np.ndarray:
        return np.stack([-self.along[:, 1], self.along[:, 0]], -1)

    def place(self, t: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Return the points (B,K,2) in the image at coordinates t and s (B,K)."""
        return self.origin[:, None] + t[..., None] * self.along[:, None] + s[..., None] * self.down[:, None]


class _Pixels:
    """Return the mask of a part, in a window (h,w) that holds it in every face of the batch."""

    def __init__(self, parsing: np.ndarray, *names: str) -> None:
        mask = _is_any(parsing, names)
        y, x = (_span(np.any(mask, axis=(0, axis))) for axis in (2, 1))
        self.mask = mask[:, y[0] : y[-1] + 1, x[0] : x[-1] + 1]  # (B,h,w)
        self.position = np.stack(np.meshgrid(x, y), -1)  # (h,w,2)
        self.seen = self.mask.sum((1, 2)) >= LEAST_PIXELS  # (B,)

    def mean(self, of: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
        """Return the mean (B,) of `of` over the part's pixels, NaN if there are none."""
        mask = self.mask if where is None else self.mask & where
        return (of * mask).sum((1, 2)) / mask.sum((1, 2))

    def principal(self) -> _Frame:
        """Return the frame of the part's centre and principal axis, t growing to the image's right."""
        centre = np.stack([self.mean(self.position[..., axis]) for axis in (0, 1)], -1)
        x, y = (self.position[..., axis] - centre[:, axis, None, None] for axis in (0, 1))
        angle = np.arctan2(2 * self.mean(x * y), self.mean(x * x) - self.mean(y * y)) / 2
        return _Frame(centre, np.stack([np.cos(angle), np.sin(angle)], -1))


class _Part:
    """The pixels of a part in the coordinates of a frame."""

    def __init__(self, pixels: _Pixels, frame: _Frame) -> None:
        self.pixels, self.frame = pixels, frame
        offset = pixels.position - frame.origin[:, None, None]  # (B,h,w,2)
        self.t, self.s = ((offset * axis[:, None, None]).sum(-1) for axis in (frame.along, frame.down))

    def extent(self, of: np.ndarray, where: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the range (B,) of `of` over the part, to half a pixel beyond the outermost pixel centres."""
        mask = self.pixels.mask if where is None else self.pixels.mask & where
        return np.where(mask, of, np.inf).min((1, 2)) - 0.5, np.where(mask, of, -np.inf).max((1, 2)) + 0.5

    def ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return t of the left and of the right corner, then s of both, (B,) each."""
        left, right = self.extent(self.t)
        tips = self.t <= left[:, None, None] + 1.5, self.t >= right[:, None, None] - 1.5
        return left, right, self.pixels.mean(self.s, tips[0]), self.pixels.mean(self.s, tips[1])

    def edges(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return s of the upper and of the lower edge at positions t (B,K): (B,K) each."""
        found = [self.extent(self.s, np.abs(self.t - at[:, None, None]) <= 0.75) for at in t.T]
        upper, lower = (np.stack(edge, 1) for edge in zip(*found, strict=True))
        return upper, lower

    def found(self, t: np.ndarray, s: np.ndarray) -> Found:
        """Return the points at t and s (B,K), valid where the part is visible and its edges were found."""
        points = self.frame.place(t, s)
        return points, self.pixels.seen[:, None] & np.isfinite(points).all(-1)


def _is_any(parsing: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return the mask of the pixels whose class is one of `names`."""
    return np.isin(parsing, [_CLASSES[name] for name in names])


def _span(taken: np.ndarray) -> np.ndarray:
    """Return all indices from the first to the last one that is set; index 0 if none is."""
    indices = np.flatnonzero(taken)
    return np.arange(indices[0], indices[-1] + 1) if len(indices) else np.arange(1)


def _between(low: np.ndarray, high: np.ndarray, positions: tuple[float, ...]) -> np.ndarray:
    """Interpolate linearly: values (B,K) at positions from 0 (low) to 1 (high)."""
    return low[:, None] + (high - low)[:, None] * np.array(positions)


def _landmarks(parsing: np.ndarray) -> Found:
    eyes = [_eye(_Pixels(parsing, name)) for name in ("right eye", "left eye")]  # the image's left one first
    brows = [_brow(_Pixels(parsing, name)) for name in ("right brow", "left brow")]
    face = _face_frame(parsing, eyes)
    upright = face._replace(origin=np.zeros_like(face.origin))  # for parts that need no point between the eyes
    parts = [_jaw(parsing, face), *brows, _nose(parsing, face, upright), *eyes, _lips(parsing, upright)]
    points, known = (np.concatenate(part, 1) for part in zip(*parts, strict=True))
    return points, known


def _eye(pixels: _Pixels) -> Found:
    part = _Part(pixels, pixels.principal())
    left, right, left_s, right_s = part.ends()
    t = _between(left, right, EYE)
    upper, lower = part.edges(t[:, 1:3])
    s = np.stack([left_s, upper[:, 0], upper[:, 1], right_s, lower[:, 1], lower[:, 0]], 1)
    return part.found(t[:, [0, 1, 2, 3, 2, 1]], s)


def _brow(pixels: _Pixels) -> Found:
    part = _Part(pixels, pixels.principal())
    left, right, left_s, right_s = part.ends()
    t = _between(left, right, BROW)
    upper, lower = part.edges(t[:, 1:-1])
    return part.found(t, np.concatenate([left_s[:, None], (upper + lower) / 2, right_s[:, None]], 1))


def _face_frame(parsing: np.ndarray, eyes: list[Found]) -> _Frame:
    """Return a frame with its origin between the eyes, else amid the glasses, else NaN; t runs along the eyes' line."""
    (left, left_seen), (right, right_seen) = ((points.mean(1), seen.all(1)) for points, seen in eyes)
    along = (right - left) / np.linalg.norm(right - left, axis=1, keepdims=True)
    both = (left_seen & right_seen & (along[:, 0] > np.sqrt(0.5)))[:, None]
    glasses = _Pixels(parsing, "eyeglasses")
    middle = np.where(glasses.seen[:, None], glasses.principal().origin, np.nan)
    return _Frame(np.where(both, (left + right) / 2, middle), np.where(both, along, [1.0, 0.0]))


def _nose(parsing: np.ndarray, face: _Frame, upright: _Frame) -> Found:
    pixels = _Pixels(parsing, "nose")
    part = _Part(pixels, upright)
    top, bottom = part.extent(part.s)
    height = bottom - top
    level = (part.s - top[:, None, None]) / height[:, None, None]  # 0 at the mask's top, 1 at its bottom
    root, tip = pixels.mean(part.t, level < 0.3), pixels.mean(part.t, (level > 0.6) & (level < 0.9))
    bridge_s = _between((face.origin * upright.down).sum(1), bottom, NOSE_BRIDGE)
    at = (bridge_s - top[:, None]) / height[:, None]
    bridge_t = root[:, None] + (tip - root)[:, None] * (at - 0.15) / 0.6  # the line through root and tip
    left, right = part.extent(part.t, level > 0.5)
    base_t = _between((left + right) / 2, right, NOSE_BASE)
    return part.found(np.concatenate([bridge_t, base_t], 1), np.concatenate([bridge_s, part.edges(base_t)[1]], 1))


def _lips(parsing: np.ndarray, upright: _Frame) -> Found:
    whole = _Part(_Pixels(parsing, "upper lip", "mouth", "lower lip"), upright)
    left, right, left_s, right_s = whole.ends()
    corners = upright.place(np.stack([left, right], 1), np.stack([left_s, right_s], 1))
    line = corners[:, 1] - corners[:, 0]
    width = np.linalg.norm(line, axis=1)
    frame = _Frame(corners[:, 0], line / width[:, None])
    upper, lower = (_Part(_Pixels(parsing, name), frame) for name in ("upper lip", "lower lip"))
    outer, inner = (_between(np.zeros_like(width), width, at) for at in (OUTER_LIP, INNER_LIP))
    upper_outer, upper_inner = upper.edges(outer)[0], upper.edges(inner)[1]
    lower_outer, lower_inner = lower.edges(outer)[1], lower.edges(inner)[0]
    upper_outer[:, [0, -1]] = 0  # the corners span the frame
    upper_inner[:, [0, -1]] = (upper_inner + lower_inner)[:, [0, -1]] / 2
    return _Part(whole.pixels, frame).found(
        np.concatenate([outer, outer[:, -2:0:-1], inner, inner[:, -2:0:-1]], 1),
        np.concatenate([upper_outer, lower_outer[:, -2:0:-1], upper_inner, lower_inner[:, -2:0:-1]], 1),
    )


def _jaw(parsing: np.ndarray, face: _Frame) -> Found:
    height, width = parsing.shape[1:]
    angles = np.deg2rad([*JAW, *(180 - angle for angle in JAW[-2::-1])])
    reach = np.arange(0, 1.5 * max(height, width), 0.5)
    t, s = (side[:, None] * reach for side in (np.cos(angles), np.sin(angles)))  # (17,R)
    points = face.place(t.reshape(1, -1), s.reshape(1, -1)).reshape(len(parsing), *t.shape, 2)
    x, y = np.moveaxis(np.rint(np.nan_to_num(points, nan=-1)).astype(int), -1, 0)  # (B,17,R)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    faces = np.arange(len(parsing))[:, None, None]
    seen = np.where(inside, parsing[faces, y.clip(0, height - 1), x.clip(0, width - 1)], len(_CLASSES))
    last = np.where(_is_any(seen, _FACE), np.arange(len(reach)), -1).max(-1, keepdims=True)  # (B,17,1)
    beyond = np.take_along_axis(seen, (last + 3).clip(max=len(reach) - 1), -1)[..., 0]  # a pixel and a half further
    edge = np.take_along_axis(points, last.clip(0)[..., None], 2)[:, :, 0]
    return edge, _is_any(beyond, _FACE_ENDS_AT) & (last[..., 0] >= 0)
