"""The definition of the fusion of features by facial component, in ordinary torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.shapes import check_batch, check_map

FLOOR = 0.05


def group_heatmaps(heatmaps: Tensor, groups: Sequence[Sequence[int]], *, floor: float = FLOOR) -> Tensor:
    """One map a facial component: each landmark's heatmap divided by its own maximum, summed over the component.

    heatmaps: (B,L,H,W), of any sign. groups: the landmarks of each of the G components; see `LANDMARK_GROUPS`.
    floor: the least that a map is divided by, so that the noise of an absent landmark is not raised to a peak.

    Returns (B,G,H,W), float32 at least. The gradient flows through the maximum too, in even parts where several
    pixels reach it. Raises ShapeError, and OptionError for a group that is empty or names other landmarks.
    """
    check_map(heatmaps, None, "grouping of heatmaps", "heatmaps")
    for group in groups:
        if not group or min(group) < 0 or max(group) >= heatmaps.shape[1]:
            raise OptionError(
                f"a group of landmarks is {tuple(group)}; numbers from 0 to {heatmaps.shape[1] - 1} were expected"
            )
    if not floor > 0:
        raise OptionError(f"heatmaps were asked for with floor={floor}; a number above 0 was expected")
    maps = heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32))
    normalised = maps / maps.amax((2, 3), keepdim=True).clamp(min=floor)
    return torch.stack([normalised[:, list(group)].sum(1) for group in groups], 1)


def landmark_fusion(
    component_features: Tensor,
    heatmaps: Tensor,
    groups: Sequence[Sequence[int]] | None = None,
    *,
    floor: float = FLOOR,
) -> Tensor:
    """Features of G facial components, summed with weights that heatmaps give each component at each pixel.

    component_features: (B,G*C,H,W), component-major: all C channels of the first component, then the next one's.
    heatmaps: (B,L,H,W), grouped as `group_heatmaps` does; with groups = None, (B,G,H,W) maps of components already.

    Returns (B,C,H,W), in the features' dtype; the weights, a softmax over the components, are computed in float32 at
    least. Differentiable with respect to both. Raises ShapeError and OptionError.

    Source: DIC (Ma et al., CVPR 2020), the attentive fusion module.
    """
    maps = heatmaps if groups is None else group_heatmaps(heatmaps, groups, floor=floor)
    check_map(maps, None, "landmark fusion", "component maps")
    check_map(component_features, None, "landmark fusion", "component features")
    check_batch(component_features, maps, "landmark fusion", "component features and heatmaps")
    components = maps.shape[1]
    if component_features.shape[1] % components or component_features.shape[2:] != maps.shape[2:]:
        raise ShapeError(
            f"landmark fusion: component features {tuple(component_features.shape)} for {components} maps of "
            f"{maps.shape[2]} x {maps.shape[3]}; a multiple of {components} channels, and the same size, were expected"
        )
    weights = maps.softmax(1, dtype=torch.promote_types(maps.dtype, torch.float32)).to(component_features.dtype)
    features = component_features.unflatten(1, (components, -1))  # (B,G,C,H,W)
    return (features * weights[:, :, None]).sum(1)
