"""The fusion of features by facial component, computed by the reference or by kernels, and the grouping of heatmaps."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.landmark_fusion import reference
from priorsr.kernels.layout import size_limit


def group_heatmaps(heatmaps: Tensor, groups: Sequence[Sequence[int]], *, floor: float = reference.FLOOR) -> Tensor:
    """Return one map for each facial component: the sum of its landmarks' heatmaps, each divided by its own maximum.

    heatmaps: (B,L,H,W), of any sign. groups: the landmarks of each of the G components; see `LANDMARK_GROUPS`.
    floor: the smallest divisor, which keeps the noise of an absent landmark from being scaled up to a peak.

    Returns (B,G,H,W), float32 at least. The gradient also flows through the maximum, in equal parts if several pixels
    reach it. Raises ShapeError, and OptionError for a group that is empty or names landmarks out of range.
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
    """Sum the features of G facial components, weighted at each pixel by the components' heatmaps.

    component_features: (B,G*C,H,W), component-major: all C channels of the first component, then those of the next.
    heatmaps: (B,L,H,W), which `group_heatmaps` groups; with groups = None, (B,G,H,W), the components' maps.
    floor: the smallest divisor of a landmark's map. backend: see docs/kernels.md.

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
