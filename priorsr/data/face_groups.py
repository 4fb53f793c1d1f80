"""Groups of faces that a parsing map shows, by which a model's failures are sorted."""

from __future__ import annotations

import numpy as np
import torch

from priorsr.data.face_set import LoadedFace
from priorsr.files import require_extra
from priorsr.priors.label_maps import LabelMap

GROUPS = ("glasses", "hat", "turned", "dark")
WORN, ASIDE, DARK = 0.01, 0.12, 50.0
_WORN = {"glasses": "eyeglasses", "hat": "hat"}
_FEATURES = ("left eye", "right eye", "left brow", "right brow", "mouth", "upper lip", "lower lip")


def face_groups(face: LoadedFace, labels: LabelMap) -> dict[str, bool]:
    """Return whether a face belongs to each group that its parsing map shows; nothing without a map.

    glasses, hat: the class covers 1 % of the image or more; left out where the label map has no such class.
    turned: the nose's centre lies further from the middle of the face (skin and features) than 12 % of the face's
        width; left out where the map shows no nose.
    dark: the median lightness L* (CIELAB, 0 to 100) of the skin is below 50. A dark complexion and little light
        cannot be distinguished by this. Left out where the map shows no skin.

    Raises MissingExtraError without kornia.
    """
    parsing = face.parsing
    if parsing is None:
        return {}
    groups = {
        group: bool(_shows(parsing, labels, name).mean() >= WORN)
        for group, name in _WORN.items()
        if name in labels.classes
    }
    nose, skin = (_shows(parsing, labels, name) for name in ("nose", "skin"))
    if nose.any():
        groups["turned"] = _aside(nose, skin | nose | _shows(parsing, labels, *_FEATURES)) > ASIDE
    if skin.any():
        groups["dark"] = _lightness(face.image[skin]) < DARK
    return groups


def _shows(parsing: np.ndarray, labels: LabelMap, *names: str) -> np.ndarray:
    """Return where the map shows one of the classes, bool (H,W)."""
    mask: np.ndarray = np.isin(parsing, [labels.classes.index(name) for name in names if name in labels.classes])
    return mask


def _aside(nose: np.ndarray, face: np.ndarray) -> float:
    """Return the horizontal distance of the nose from the face's middle, in widths of the face."""
    columns = np.flatnonzero(face.any(axis=0))
    width = columns[-1] - columns[0]
    middle = (columns[-1] + columns[0]) / 2
    return float(abs(np.nonzero(nose)[1].mean() - middle) / max(width, 1))


def _lightness(pixels: np.ndarray) -> float:
    """Return the median L* of sRGB pixels, uint8 (N,3)."""
    require_extra("kornia", "bench")
    from kornia.color import rgb_to_lab

    rgb = torch.from_numpy(pixels.T[:, None].copy()) / 255  # (3,1,N)
    return float(rgb_to_lab(rgb)[0].median())
