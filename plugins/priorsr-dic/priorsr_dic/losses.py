"""What DIC's landmark branch learns from."""

from __future__ import annotations

from torch import Tensor

from priorsr.errors import PriorsrError
from priorsr.losses import valid_mean
from priorsr.priors import draw_heatmaps
from priorsr.shapes import check_same
from priorsr.types import Prior
from priorsr_dic.hourglass import SCALE


def target_heatmaps(prior: Prior, size: tuple[int, int]) -> Tensor:
    """The heatmaps (B,L,*size) that the hourglass should give; of landmarks that are not valid, zeros.

    exp(-d^2 / 2) in heatmap pixels, of peak 1, around each landmark's own position, as DIC's. Raises PriorsrError for
    a prior without landmarks.
    """
    if prior.landmarks is None:
        raise PriorsrError("DIC learns from landmarks, and the training faces have none: add them to the face set")
    return draw_heatmaps(prior.landmarks, prior.valid, size, SCALE)


def heatmap_mse(heatmaps: Tensor, targets: Tensor, valid: Tensor | None) -> Tensor:
    """The mean squared difference of heatmaps (B,L,h,w) and their targets over the valid landmarks; 0 without any."""
    check_same(heatmaps, targets, "heatmap term", "heatmaps and targets")
    return valid_mean((heatmaps.float() - targets).square().mean((2, 3)), valid)
