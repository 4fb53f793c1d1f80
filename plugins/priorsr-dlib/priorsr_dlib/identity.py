"""Scores of identity by dlib's face recognition network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.shapes import check_map, check_same
from priorsr_dlib.aligned import ALIGNED, PartBox, check_box
from priorsr_dlib.chips import SIDE, face_chip
from priorsr_dlib.found import Shared, find_in_hr
from priorsr_dlib.pixels import to_arrays
from priorsr_dlib.published import RECOGNITION, landmark_predictor, model_file
from priorsr_dlib.recognition_net import FaceRecognitionNet


class _Compared(NamedTuple):
    """The cosine similarity and the Euclidean distance of pairs of embeddings, (B,) each."""

    cosine: Tensor
    distance: Tensor


class _DlibRecognition(nn.Module):
    """Base class of both identity scores, which compare the same two embeddings of each face."""

    kind = "score"
    higher_is_better = True
    bounds = (-1.0, 1.0)
    needs = ("ids", "shared")
    networks = ("FaceRecognitionNet", RECOGNITION)
    name: str

    def __init__(self, box: PartBox | None = ALIGNED) -> None:
        super().__init__()
        self.box = check_box(box, self.name)
        landmark_predictor()
        self.network = FaceRecognitionNet(model_file(RECOGNITION))

    @torch.no_grad()
    def compare(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None, shared: Shared | None) -> _Compared:
        """Compare SR with HR (B,3,H,W), once for both scores."""
        check_map(sr, 3, self.name, "sr")
        check_same(sr, hr, self.name, "sr and hr")
        keys = [("dlib", self.box, part) for part in _Compared._fields]
        if shared is not None and keys[0] in shared:
            return _Compared(*(shared[key] for key in keys))
        precision = torch.promote_types(sr.dtype, torch.float32)
        a, b = (embedding.to(precision) for embedding in self._embed(sr, hr, ids, shared))
        compared = _Compared(F.cosine_similarity(a, b), (a - b).norm(dim=1))
        if shared is not None:
            shared.update(zip(keys, compared, strict=True))
        return compared

    def _embed(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None, shared: Shared | None) -> Sequence[Tensor]:
        """Return the embeddings (B,128) of SR and HR, both cropped by HR's landmarks."""
        weight = self.network.head.weight
        if sr.is_meta:
            chips = torch.empty(2 * len(sr), 3, SIDE, SIDE, device=sr.device)
        else:
            landmarks = find_in_hr(hr, self.box, self.name, ids, shared).landmarks.numpy()
            images = to_arrays(sr, f"{self.name}: SR"), to_arrays(hr, f"{self.name}: HR")
            each = [face_chip(image, own) for of in images for image, own in zip(of, landmarks, strict=True)]
            chips = torch.from_numpy(np.array(each, dtype=np.uint8).reshape(-1, SIDE, SIDE, 3)).permute(0, 3, 1, 2)
        return self.network(chips.to(weight) / 255).chunk(2)


class DlibIdentity(_DlibRecognition):
    """The cosine similarity of the embeddings of SR and HR by dlib's face recognition network.

    Both are cropped by HR's landmarks, so that no landmark detection in SR affects the score. Use it to compare
    methods, not to identify people: embeddings are neither returned nor written anywhere. It is a separate score, and
    does not replace `identity` (ArcFace).

    box: the face's box if the detector finds none in HR, see the estimator `dlib`. With None, for faces that are not
        aligned, an undetected face is an error. `ids`: the faces' names, for that error. `shared`: results that scores
        share.

    Raises MissingExtraError without dlib or its models' package.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError, a face that is not found PriorsrError.
    Range: images in [0, 1], rounded to 8 bits; -1 to 1, 1 for the same embedding. Two different people have about 0.8,
        since embeddings are not centred: see the plugin's README. Computed in the network's precision.
    Source: King, "High quality face recognition with deep metric learning" (dlib's blog, 2017).
    """

    name = "identity_dlib"

    def forward(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None = None, shared: Shared | None = None) -> Tensor:
        return self.compare(sr, hr, ids, shared).cosine


class DlibIdentityMatch(_DlibRecognition):
    """The share of faces whose identity is kept: 1 if dlib's face recognition matches SR and HR, else 0.

    They match if the distance of their embeddings is below 0.6, dlib's recommendation. See `identity_dlib`, with
    the same embeddings, for `box`, `ids` and `shared`.

    threshold: the least distance of two different people.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError, a face that is not found PriorsrError.
    Range: images in [0, 1], rounded to 8 bits; 0 or 1.
    Source: as `identity_dlib`'s, which gives the threshold.
    """

    name = "identity_dlib_match"
    bounds = (0.0, 1.0)

    def __init__(self, box: PartBox | None = ALIGNED, threshold: float = 0.6) -> None:
        super().__init__(box)
        if not threshold > 0:
            raise OptionError(f"identity_dlib_match: the threshold is {threshold}; a distance above 0 was expected")
        self.threshold = threshold

    def forward(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None = None, shared: Shared | None = None) -> Tensor:
        distance = self.compare(sr, hr, ids, shared).distance
        return (distance < self.threshold).to(distance.dtype)
