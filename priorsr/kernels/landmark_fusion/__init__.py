"""Features fused by facial component; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.landmark_fusion.groups import LANDMARK_GROUPS
from priorsr.kernels.landmark_fusion.op import group_heatmaps, landmark_fusion

__all__ = ["LANDMARK_GROUPS", "group_heatmaps", "landmark_fusion"]
