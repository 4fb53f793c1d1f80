"""The fusion of features by facial component, by the reference or by kernels, and the grouping of heatmaps for it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.landmark_fusion import reference
from priorsr.kernels.layout import size_limit


def group_heatmaps(heatmaps: Tensor, groups: Sequence[Sequence[int]], *, floor: float = reference.FLOOR) -> Tensor:
    """Return one map a facial component: each landmark's heatmap divided by its own maximum, summed over the component.

    heatmaps: (B,L,H,W), of any sign. groups: the landmarks of each of the G components; see `LANDMARK_GROUPS`.
    floor: the least that a map is divided by, so that the noise of an absent landmark is not raised to a peak.

    Returns (B,G,H,W), float32 at least. The gradient flows through the maximum too, in even parts where several
    pixels reach it. Raises ShapeError, and OptionError for a group that is empty or names other landmarks.
    """
    reference.check_grouping(heatmaps, groups, floor)
    return reference.group_heatmaps(heatmaps, groups, floor)


def landmark_fusion(
    component_features: Tensor,
    heatmaps: Tensor,
    groups: Sequence[Sequence[int]] | None = None,
    *,
    floor: float = reference.FLOOR,
    backend: Backend = "auto",
) -> Tensor:
    """Features of G facial components, summed with weights that heatmaps give each component at each pixel.

    component_features: (B,G*C,H,W), component-major: all C channels of the first component, then the next one's.
    heatmaps: (B,L,H,W), grouped as `group_heatmaps` does; with groups = None, (B,G,H,W) maps of components already.
    floor: the least that a landmark's map is divided by. backend: see docs/kernels.md.

    Returns (B,C,H,W), in the features' dtype; the weights, a softmax over the components, are computed in float32 at
    least. Differentiable with respect to both. Raises ShapeError, OptionError and BackendError.

    Source: DIC (Ma et al., CVPR 2020), the attentive fusion module.
    """
    reference.check_fusion(component_features, heatmaps, groups, floor)
    limit = size_limit(component_features, heatmaps)
    if takes_triton("landmark_fusion", backend, component_features, heatmaps, limit=limit):
        from priorsr.kernels.landmark_fusion import triton_impl

        return triton_impl.landmark_fusion(component_features, heatmaps, groups, floor)
    return reference.landmark_fusion(component_features, heatmaps, groups, floor)
