"""Find faces by dlib in HR only; SR is scored at the same places, since it is often too blurred for a detector."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from priorsr.errors import PriorsrError
from priorsr_dlib.aligned import PartBox, locate_faces
from priorsr_dlib.landmarks import find_landmarks
from priorsr_dlib.pixels import to_arrays

Shared = dict[Hashable, Tensor]


class FoundFaces(NamedTuple):
    """The faces of HR images. boxes: (B,4), see `locate_faces`; landmarks: (B,68,2) float32; on the CPU."""

    boxes: Tensor
    landmarks: Tensor


def find_in_hr(
    hr: Tensor, box: PartBox | None, who: str, ids: Sequence[str] | None = None, shared: Shared | None = None
) -> FoundFaces:
    """Return the largest face of each HR image (B,3,H,W), found once for all scores that share a batch's dict.

    box: see `locate_faces`. Raises PriorsrError naming the face by `ids` if there is neither a detection nor a box.
    """
    keys = [("dlib", box, part) for part in FoundFaces._fields]
    if shared is not None and keys[0] in shared:
        return FoundFaces(*(shared[key] for key in keys))
    images = to_arrays(hr, f"{who}: HR")
    boxes = locate_faces(images, box)
    lost = np.flatnonzero(np.isnan(boxes[:, 0]))
    if lost.size:
        which = f"HR image {lost[0]} of the batch of {len(hr)}" if ids is None else f"the HR image {ids[lost[0]]!r}"
        raise PriorsrError(f"{who}: dlib finds no face in {which}; give a box, for faces aligned alike")
    landmarks = landmarks_at(images, boxes)
    found = FoundFaces(torch.from_numpy(boxes), landmarks)
    if shared is not None:
        shared.update(zip(keys, found, strict=True))
    return found


def landmarks_at(images: Sequence[np.ndarray], boxes: np.ndarray) -> Tensor:
    """Return the landmarks (B,68,2) float32 of images (H,W,3) with a face each, in boxes (B,4)."""
    each = [find_landmarks(image, [box])[0] for image, box in zip(images, boxes, strict=True)]
    return torch.from_numpy(np.array(each, dtype=np.float32).reshape(-1, 68, 2))
