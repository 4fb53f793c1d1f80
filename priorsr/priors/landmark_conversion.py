"""Conversion of Helen's 194 landmarks to iBUG's 68."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.kernels import landmark_heatmap
from priorsr.priors.landmark_schemes import all_valid, landmark_scheme

# Helen's contours, as its annotations divide them. The nose runs from one side of the bridge round to the other.
_JAW, _NOSE_BASE = slice(0, 41), slice(45, 54)
_OUTER_LIPS, _INNER_LIPS = (slice(58, 72), slice(72, 86)), (slice(86, 100), slice(100, 114))
_EYES, _BROWS = (slice(114, 134), slice(134, 154)), (slice(154, 174), slice(174, 194))

Known = tuple[Tensor, Tensor]
"""Points (B,K,2), and which are known (B,K)."""


def to_scheme(landmarks: Tensor, valid: Tensor | None, name: str) -> Known:
    """Convert landmarks (B,L,2), valid (B,L) or None for all, to the scheme `name`: (B,M,2), valid (B,M) bool.

    194 points (Helen) become 68 (iBUG), whatever the start and the direction of a contour. The corners of an eye, a
    brow or the lips are the two points farthest apart; the arcs between them are sampled at even steps of arc length,
    from the image's left to its right. Brows are sampled along the middle line. The face must be upright, within 45
    degrees. Points 27-30, the bridge of the nose, are not valid, since Helen does not mark them. Every other point is
    valid if all points of its contour are; else it is 0.

    Raises ShapeError, and PriorsrError for any other conversion, which would have to invent points.
    """
    if landmarks.ndim != 3 or landmarks.shape[2] != 2:
        raise ShapeError(f"the landmarks have shape {tuple(landmarks.shape)}; (B, L, 2) was expected")
    source, target = landmark_scheme(landmarks.shape[1]), landmark_scheme(name)
    valid = all_valid(landmarks, valid)
    if source is target:
        return landmarks, valid
    if (source.name, target.name) != ("helen-194", "ibug-68"):
        raise PriorsrError(
            f"landmarks cannot turn from {source.name} into {target.name}: points would have to be invented"
        )
    points = torch.where(valid[..., None], landmarks.float(), 0.0)
    bridge = points.new_zeros(len(points), 4, 2)
    parts = [
        _known(_resample(_rightward(points[:, _JAW]), 17), valid[:, _JAW]),
        *_left_first([_known(_middle_line(points[:, brow], 5), valid[:, brow]) for brow in _BROWS]),
        (bridge, torch.zeros_like(bridge[..., 0], dtype=torch.bool)),
        _known(_resample(_rightward(points[:, _NOSE_BASE]), 5), valid[:, _NOSE_BASE]),
        *_left_first([_known(_outline(points[:, eye], 4), valid[:, eye]) for eye in _EYES]),
        *(
            _known(_outline(_ring(points, lips), count), torch.cat([valid[:, lip] for lip in lips], 1))
            for lips, count in ((_OUTER_LIPS, 7), (_INNER_LIPS, 5))
        ),
    ]
    result, known = (torch.cat(part, 1) for part in zip(*parts, strict=True))
    return torch.where(known[..., None], result, 0.0), known


def _known(points: Tensor, sources: Tensor) -> Known:
    return points, sources.all(1, keepdim=True).expand(-1, points.shape[1])


def _left_first(pair: list[Known]) -> list[Known]:
    """Order two parts of each face so that the image's left one comes first."""
    (a, a_known), (b, b_known) = pair
    swap = (a[..., 0].mean(1) > b[..., 0].mean(1))[:, None]
    known = torch.where(swap, b_known, a_known), torch.where(swap, a_known, b_known)
    swap = swap[..., None]
    return [(torch.where(swap, b, a), known[0]), (torch.where(swap, a, b), known[1])]


def _rightward(line: Tensor) -> Tensor:
    """Turn open lines (B,n,2) to run from the image's left to its right."""
    return torch.where((line[:, :1, :1] > line[:, -1:, :1]), line.flip(1), line)


def _ring(points: Tensor, lips: tuple[slice, slice]) -> Tensor:
    """Join two arcs of any direction into one closed contour."""
    there, back = (_rightward(points[:, lip]) for lip in lips)
    return torch.cat([there, back.flip(1)], 1)


def _outline(contour: Tensor, count: int) -> Tensor:
    """Sample a closed contour (B,n,2): `count` points of its upper arc, corners included, then back along its lower."""
    upper, lower = _arcs(contour, count)
    return torch.cat([upper, lower[:, 1:-1].flip(1)], 1)


def _middle_line(contour: Tensor, count: int) -> Tensor:
    """Sample `count` points between the corners of a closed contour (B,n,2), midway between its upper and lower arc."""
    upper, lower = _arcs(contour, count)
    return (upper + lower) / 2


def _arcs(contour: Tensor, count: int) -> Known:
    """Return the upper and lower arc of a closed contour (B,n,2), from left to right corner: (B,count,2) each."""
    n = contour.shape[1]
    farthest = torch.cdist(contour, contour).flatten(1).argmax(1, keepdim=True)  # (B,1)
    ends = torch.cat([farthest // n, farthest % n], 1)  # (B,2)
    left_first = contour[..., 0].gather(1, ends).argsort(1)
    left, right = ends.gather(1, left_first).split(1, 1)
    around = (left + torch.arange(n + 1, device=contour.device)) % n
    ring = contour.gather(1, around[..., None].expand(-1, -1, 2))
    lengths = _lengths(ring)
    turn = lengths.gather(1, (right - left) % n)
    steps = torch.linspace(0, 1, count, device=contour.device)
    a, b = _at(ring, lengths, turn * steps), _at(ring, lengths, lengths[:, -1:] - (lengths[:, -1:] - turn) * steps)
    above = (a[..., 1].mean(1) < b[..., 1].mean(1))[:, None, None]
    return torch.where(above, a, b), torch.where(above, b, a)


def _resample(line: Tensor, count: int) -> Tensor:
    """Sample `count` points at even steps of arc length along open lines (B,n,2), ends included."""
    lengths = _lengths(line)
    return _at(line, lengths, lengths[:, -1:] * torch.linspace(0, 1, count, device=line.device))


def _lengths(line: Tensor) -> Tensor:
    """Return the arc length (B,n) up to each point of lines (B,n,2)."""
    steps = (line[:, 1:] - line[:, :-1]).norm(dim=-1)
    return torch.nn.functional.pad(steps.cumsum(1), (1, 0))


def _at(line: Tensor, lengths: Tensor, where: Tensor) -> Tensor:
    """Return the points (B,K,2) of lines (B,n,2) at arc lengths `where` (B,K)."""
    before = torch.searchsorted(lengths, where.contiguous(), right=True).clamp(1, line.shape[1] - 1) - 1
    start, end = lengths.gather(1, before), lengths.gather(1, before + 1)
    part = ((where - start) / (end - start).clamp(min=1e-6)).clamp(0, 1)[..., None]
    a, b = (line.gather(1, at[..., None].expand(-1, -1, 2)) for at in (before, before + 1))
    return a + (b - a) * part


def draw_heatmaps(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float = 1.0
) -> Tensor:
    """Draw heatmaps (B,L,h,w) of landmarks (B,L,2) in HR pixels; a heatmap pixel is `scale` HR pixels wide.

    See `priorsr.kernels.landmark_heatmap`.
    """
    return landmark_heatmap(landmarks, valid, size, scale=scale, sigma=sigma)
