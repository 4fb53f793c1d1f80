"""Landmarks by dlib, as an estimator."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.models import check_images
from priorsr_dlib.aligned import ALIGNED, PartBox, check_box, locate_faces
from priorsr_dlib.landmarks import find_landmarks
from priorsr_dlib.pixels import to_arrays
from priorsr_dlib.published import LANDMARKS, landmark_predictor, weights_digest


class DlibLandmarks(nn.Module):
    """An estimator of 68 landmarks (`ibug-68`) of the largest face in each image: dlib's detector and predictor.

    The detector knows faces from about 80 pixels on; images with a side below 128 are enlarged for it.

    box: the face's box if the detector finds none, as (left, top, right, bottom) in fractions of the image. The default
    fits faces aligned as in CelebAMask-HQ and CelebA. With None, for photographs, an undetected face has no valid
    landmarks.

    The estimator is not trainable, and no gradient flows. The buffer `weights_sha256` holds the hash of the predictor's
    file, which manifests and records name.

    Raises MissingExtraError without dlib or its models' package.

    Shapes: images (B,3,H,W), any sides -> Prior(landmarks (B,68,2), valid (B,68)), None.
    Range: images in [0, 1], rounded to 8 bits, small ones enlarged before; landmarks in the image's pixels. Points
        inside the image, of faces that were found or have a box, are valid; the others are 0.
    Source: Kazemi and Sullivan (CVPR 2014) for landmarks, Dalal and Triggs (CVPR 2005) for the detector, as dlib
        trained them; the landmarks' training set, iBUG 300-W, is for non-commercial use.
    """

    kind = "estimator"
    waived: ClassVar = {"second_backward": "dlib's regression trees have no gradient, and nothing is learnt from them"}

    def __init__(self, box: PartBox | None = ALIGNED) -> None:
        super().__init__()
        self.box = check_box(box, "dlib")
        self.options: dict[str, Any] = {"box": None if box is None else list(box)}
        landmark_predictor()
        self.register_buffer("weights_sha256", torch.tensor(list(weights_digest(LANDMARKS)), dtype=torch.uint8))
        self.card = {"weights": f"{LANDMARKS}.dat"}

    @torch.no_grad()
    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:  # noqa: ARG002  # the kind's call
        check_images(self, images, "dlib")
        shape = (len(images), 68, 2)
        if images.is_meta:
            empty = torch.empty(shape, device=images.device)
            return Prior(landmarks=empty, valid=empty[..., 0] == 0), None
        arrays = to_arrays(images, "dlib")
        boxes = locate_faces(arrays, self.box)
        points = np.full(shape, np.nan, dtype=np.float32)
        for own, image, box in zip(points, arrays, boxes, strict=True):
            if np.isfinite(box).all():
                own[:] = find_landmarks(image, box[None])[0]
        known = torch.from_numpy(points)
        valid = ((known >= -0.5) & (known < torch.tensor(images.shape[:1:-1]) - 0.5)).all(-1)  # (width, height)
        landmarks = torch.where(valid[..., None], known, 0)
        return Prior(landmarks=landmarks.to(images.device), valid=valid.to(images.device)), None
