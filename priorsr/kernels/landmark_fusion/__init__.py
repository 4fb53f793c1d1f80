"""Features fused by facial component; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.landmark_fusion.groups import LANDMARK_GROUPS
from priorsr.kernels.landmark_fusion.op import landmark_fusion
from priorsr.kernels.landmark_fusion.reference import group_heatmaps

__all__ = ["LANDMARK_GROUPS", "group_heatmaps", "landmark_fusion"]
