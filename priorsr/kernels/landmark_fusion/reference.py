"""The fusion of features by facial component in plain torch, which defines the operation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels.dtypes import check_floating
from priorsr.shapes import check_batch, check_map

FLOOR = 0.05


def group_heatmaps(heatmaps: Tensor, groups: Sequence[Sequence[int]], floor: float = FLOOR) -> Tensor:
    """Compute `priorsr.kernels.group_heatmaps` of checked arguments."""
    maps = heatmaps.to(torch.promote_types(heatmaps.dtype, torch.float32))
    normalised = maps / maps.amax((2, 3), keepdim=True).clamp(min=floor)
    return torch.stack([_sum_of(normalised, group) for group in groups], 1)


def _sum_of(maps: Tensor, group: Sequence[int]) -> Tensor:
    """Sum the maps of a group, by runs of consecutive indices: an index list would be copied to a GPU at each call."""
    ends = [n for n in range(len(group)) if n + 1 == len(group) or group[n + 1] != group[n] + 1]
    starts = [0, *(end + 1 for end in ends[:-1])]
    sums = [maps[:, group[start] : group[end] + 1].sum(1) for start, end in zip(starts, ends, strict=True)]
    return sums[0] if len(sums) == 1 else torch.stack(sums).sum(0)


def landmark_fusion(
    component_features: Tensor,
    heatmaps: Tensor,
    groups: Sequence[Sequence[int]] | None = None,
    floor: float = FLOOR,
) -> Tensor:
    """Compute `priorsr.kernels.landmark_fusion` of checked arguments; differentiable any number of times."""
    maps = heatmaps if groups is None else group_heatmaps(heatmaps, groups, floor)
    weights = maps.softmax(1, dtype=torch.promote_types(maps.dtype, torch.float32)).to(component_features.dtype)
    components = maps.shape[1]
    parts = zip(component_features.chunk(components, 1), weights.split(1, 1), strict=True)  # (B,C,H,W), (B,1,H,W)
    features, weight = next(parts)
    fused = features * weight
    for features, weight in parts:
        fused = torch.addcmul(fused, features, weight)  # the products of all components are never stored at once
    return fused


def check_grouping(heatmaps: Tensor, groups: Sequence[Sequence[int]], floor: float) -> None:
    """Raise ShapeError or OptionError unless heatmaps can be grouped into these groups."""
    check_map(heatmaps, None, "grouping of heatmaps", "heatmaps")
    check_floating("grouping of heatmaps", heatmaps)
    if 0 in heatmaps.shape[1:]:
        raise ShapeError(f"grouping of heatmaps: the heatmaps {tuple(heatmaps.shape)} are empty; pixels were expected")
    if not groups:
        raise OptionError("no group of landmarks was given; at least one was expected")
    for group in groups:
        if not group or min(group) < 0 or max(group) >= heatmaps.shape[1]:
            raise OptionError(
                f"a group of landmarks is {tuple(group)}; numbers from 0 to {heatmaps.shape[1] - 1} were expected"
            )
    if not floor > 0:
        raise OptionError(f"heatmaps were asked for with floor={floor}; a number above 0 was expected")


def check_fusion(
    component_features: Tensor, heatmaps: Tensor, groups: Sequence[Sequence[int]] | None, floor: float
) -> None:
    """Raise ShapeError or OptionError unless features can be fused by these heatmaps."""
    if groups is None:
        check_map(heatmaps, None, "landmark fusion", "component maps")
        components = heatmaps.shape[1]
    else:
        check_grouping(heatmaps, groups, floor)
        components = len(groups)
    check_map(component_features, None, "landmark fusion", "component features")
    check_batch(component_features, heatmaps, "landmark fusion", "component features and heatmaps")
    check_floating("landmark fusion", component_features, heatmaps)
    if not components or component_features.shape[1] % components or component_features.shape[2:] != heatmaps.shape[2:]:
        raise ShapeError(
            f"landmark fusion: component features {tuple(component_features.shape)} for {components} maps of "
            f"{heatmaps.shape[2]} x {heatmaps.shape[3]}; a multiple of {components} channels, and the same size, were "
            "expected"
        )
