"""The loss of DIC's landmark branch."""

from __future__ import annotations

from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import PriorsrError
from priorsr.kernels import landmark_heatmap_mse
from priorsr.losses import valid_mean
from priorsr_dic.hourglass import SCALE


def heatmap_mse(heatmaps: Tensor, prior: Prior, *, peak_weight: float = 0.0) -> Tensor:
    """Return the mean squared error of heatmaps (B,L,h,w) over the valid landmarks; 0 if none is valid.

    The target, as DIC's, is exp(-d^2 / 2), with d the distance to the landmark in heatmap pixels. A pixel's squared
    error is weighted by 1 + peak_weight * target. Raises PriorsrError for a prior without landmarks.
    """
    if prior.landmarks is None:
        raise PriorsrError("DIC learns from landmarks, and the training faces have none: add them to the face set")
    each = landmark_heatmap_mse(heatmaps, prior.landmarks, prior.valid, scale=SCALE, peak_weight=peak_weight)
    return valid_mean(each, prior.valid)
