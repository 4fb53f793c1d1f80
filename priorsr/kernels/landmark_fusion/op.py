"""The fusion of features by facial component, by the reference or by kernels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from priorsr.kernels.dispatch import Backend, takes_triton
from priorsr.kernels.landmark_fusion import reference
from priorsr.kernels.layout import size_limit


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
