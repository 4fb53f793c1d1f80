"""Landmark heatmaps, drawn or reduced, computed by the reference or by kernels."""

from __future__ import annotations

from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.landmark_heatmap import reference
from priorsr.kernels.layout import size_limit

OP = "landmark_heatmap"


def landmark_heatmap(
    landmarks: Tensor,
    valid: Tensor | None,
    size: tuple[int, int],
    *,
    scale: float,
    sigma: float = 1.0,
    backend: Backend = "auto",
) -> Tensor:
    """Draw a Gaussian for every landmark.

    landmarks: (B,L,2), (x, y) in HR pixels. valid: (B,L) bool, or None if all are valid. A landmark that is not valid
    has a map of zeros and no gradient, whatever its coordinates are.
    size: (h, w) of the maps. scale: HR pixels in one heatmap pixel (4 for maps of 32 x 32 of a face of 128 x 128).
    sigma: standard deviation in heatmap pixels. backend: see docs/kernels.md.

    Returns float32 (B,L,h,w), under autocast too: exp(-d^2 / (2 sigma^2)), where d is the distance to (x, y) / scale in
    heatmap pixels. The peak is 1, at the landmark's unrounded position; tails are not truncated. Differentiable with
    respect to `landmarks`; float64 landmarks give float64. Raises ShapeError, OptionError and BackendError.

    Source: DIC's targets (Ma et al., CVPR 2020), with scale = 4 and sigma = 1.
    """
    reference.check_landmarks(landmarks, valid, scale, sigma)
    reference.check_size(size)
    if takes_triton(OP, backend, landmarks, valid):
        from priorsr.kernels.landmark_heatmap import drawn_heatmaps

        return drawn_heatmaps.landmark_heatmap(landmarks, valid, size, scale, sigma)
    return reference.landmark_heatmap(landmarks, valid, size, scale, sigma)


def landmark_heatmap_max(
    landmarks: Tensor,
    valid: Tensor | None,
    size: tuple[int, int],
    *,
    scale: float,
    sigma: float = 1.0,
    backend: Backend = "auto",
) -> Tensor:
    """Return an attention map: at each pixel the maximum of the landmarks' heatmaps, which are never stored.

    The arguments are those of `landmark_heatmap`. Returns (B,1,h,w), float32 as there; zeros without a valid landmark.
    Differentiable with respect to `landmarks`: the gradient of a pixel goes to its nearest valid landmark,
    or the first of several.
    Raises ShapeError, OptionError and BackendError.

    Source: PFSR (BMVC 2019), which weights pixels by the maximum of estimated heatmaps; here the landmarks are given.
    """
    reference.check_landmarks(landmarks, valid, scale, sigma)
    reference.check_size(size)
    if takes_triton(OP, backend, landmarks, valid):
        from priorsr.kernels.landmark_heatmap import drawn_heatmaps

        return drawn_heatmaps.landmark_heatmap_max(landmarks, valid, size, scale, sigma)
    return reference.landmark_heatmap_max(landmarks, valid, size, scale, sigma)


def landmark_heatmap_mse(
    predictions: Tensor,
    landmarks: Tensor,
    valid: Tensor | None,
    *,
    scale: float,
    sigma: float = 1.0,
    peak_weight: float = 0.0,
    backend: Backend = "auto",
) -> Tensor:
    """Return the mean squared error of predicted heatmaps against those of the landmarks, which are never stored.

    predictions: (B,L,h,w). peak_weight: extra weight of a target's peak. The error is the mean over the pixels of (1 +
    peak_weight * target) * (prediction - target)^2; at 0, the plain mean squared error. The other arguments are those
    of `landmark_heatmap`; the target of a landmark that is not valid is 0.

    Returns (B,L), float32 at least, under autocast too. Differentiable with respect to `predictions` and `landmarks`.
    Raises ShapeError, OptionError and BackendError.

    Source: DIC's heatmap loss (Ma et al., CVPR 2020); the weight of the peaks is ours.
    """
    reference.check_predictions(predictions, landmarks, valid, scale, sigma, peak_weight)
    if takes_triton(OP, backend, predictions, landmarks, valid, limit=size_limit(predictions)):
        from priorsr.kernels.landmark_heatmap import heatmap_errors

        return heatmap_errors.landmark_heatmap_mse(predictions, landmarks, valid, scale, sigma, peak_weight)
    return reference.landmark_heatmap_mse(predictions, landmarks, valid, scale, sigma, peak_weight)
