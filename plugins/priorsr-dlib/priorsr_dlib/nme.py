"""The distance of dlib's landmarks in SR from those in HR."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from priorsr.metrics.nme import nme
from priorsr.shapes import check_map, check_same
from priorsr_dlib.aligned import ALIGNED, PartBox, check_box
from priorsr_dlib.found import Shared, find_in_hr, landmarks_at
from priorsr_dlib.pixels import to_arrays
from priorsr_dlib.published import LANDMARKS, landmark_predictor, weights_digest


class DlibNME(nn.Module):
    """The normalised mean error of dlib's 68 landmarks in SR; the landmarks in HR are the ground truth.

    Faces are detected in HR only, and HR's box is used for both images, since SR is often too blurred for the detector.
    It is a separate score, and does not replace `nme`, which uses another network.

    box: the face's box if the detector finds none in HR, see the estimator `dlib`. With None, for faces that are not
        aligned, an undetected face is an error. `ids`: the faces' names, for that error. `shared`: results in HR that
        scores share.

    Raises MissingExtraError without dlib or its models' package.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError, a face that is not found PriorsrError.
    Range: images in [0, 1], rounded to 8 bits; 0 if the landmarks coincide, 0.1 if they are off by a tenth of the
        distance between the eyes' outer corners.
    Source: the landmark error of FSRNet (CVPR 2018) and DIC (CVPR 2020), by Kazemi and Sullivan's predictor (CVPR 2014)
        as dlib trained it on iBUG 300-W. Departure: the landmarks found in HR are the ground truth.
    """

    kind = "score"
    higher_is_better = False
    bounds = (0.0, math.inf)
    needs = ("ids", "shared")
    networks = ("DlibLandmarks", LANDMARKS)

    def __init__(self, box: PartBox | None = ALIGNED) -> None:
        super().__init__()
        self.box = check_box(box, "nme_dlib")
        landmark_predictor()
        self.register_buffer("weights_sha256", torch.tensor(list(weights_digest(LANDMARKS)), dtype=torch.uint8))

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None = None, shared: Shared | None = None) -> Tensor:
        check_map(sr, 3, "nme_dlib", "sr")
        check_same(sr, hr, "nme_dlib", "sr and hr")
        precision = torch.promote_types(sr.dtype, torch.float32)
        if sr.is_meta:
            return torch.empty(len(sr), dtype=precision, device=sr.device)
        wanted = find_in_hr(hr, self.box, "nme_dlib", ids, shared)
        found = landmarks_at(to_arrays(sr, "nme_dlib: SR"), wanted.boxes.numpy())
        return nme(found, wanted.landmarks).to(sr.device, precision)
