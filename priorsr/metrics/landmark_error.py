"""Landmark error: the distance of an SR face's landmarks from those of its HR image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError, PriorsrError
from priorsr.metrics.nme import Normaliser, nme
from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map, check_same


class LandmarkError(nn.Module):
    """The normalised mean error (NME) between the landmarks that an estimator finds in SR and in HR.

    estimator: a landmark estimator. Do not score a model by a network that was used in its training.
    normaliser: see `priorsr.metrics.nme.nme`. `ids`: the faces' names, for error messages.

    Raises what building the estimator raises, such as MissingWeightsError.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError, an estimator without landmarks
        OptionError, a face in which it finds none PriorsrError.
    Range: images in [0, 1]; 0 if the landmarks coincide, 0.1 if they are off by a tenth of the normaliser. Computed in
        the estimator's precision.
    Source: the landmark error of FSRNet (CVPR 2018) and DIC (CVPR 2020). Departure: HR's estimated landmarks are the
        ground truth, so that the estimator's own errors do not count.
    """

    kind = "score"
    higher_is_better = False
    bounds = (0.0, math.inf)
    needs = ("ids",)

    def __init__(self, estimator: PartSpec = "face_alignment", normaliser: Normaliser = "inter-ocular") -> None:
        super().__init__()
        self.estimator = build_part("estimator", estimator).eval().requires_grad_(False)
        self.networks = (type(self.estimator).__name__,)
        self.normaliser: Normaliser = normaliser

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor, ids: Sequence[str] | None = None) -> Tensor:
        check_map(sr, 3, "NME", "sr")
        check_same(sr, hr, "NME", "sr and hr")
        (found, seen), (wanted, there) = self._landmarks(sr), self._landmarks(hr)
        scores = nme(found, wanted, seen & there, self.normaliser)
        bad = scores.isnan()
        if not bad.is_meta and bad.any():
            first = int(bad.nonzero()[0, 0])
            which = f"image {first} of the batch of {len(bad)}" if ids is None else f"the face {ids[first]!r}"
            raise PriorsrError(
                f"NME: in {which} the estimator {type(self.estimator).__name__} finds no landmarks, or none to "
                "normalise by"
            )
        return scores.to(torch.promote_types(sr.dtype, torch.float32))

    def _landmarks(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B,L,2), and which of them are valid, (B,L)."""
        weight = next(self.estimator.parameters(), images)
        found = self.estimator(images.to(weight.dtype).clamp(0, 1))[0]
        if found.landmarks is None:
            raise OptionError(
                f"NME: the estimator {type(self.estimator).__name__} gives no landmarks; one that does was expected"
            )
        valid = torch.ones_like(found.landmarks[..., 0], dtype=torch.bool) if found.valid is None else found.valid
        return found.landmarks, valid
