"""Operations with their own GPU kernels: one folder each, with a reference in plain torch."""

from __future__ import annotations

from priorsr.kernels.channel_gate import channel_gate
from priorsr.kernels.dispatch import use_backend
from priorsr.kernels.landmark_fusion import LANDMARK_GROUPS, group_heatmaps, landmark_fusion
from priorsr.kernels.landmark_heatmap import landmark_heatmap, landmark_heatmap_max, landmark_heatmap_mse
from priorsr.kernels.parsing_attention import parsing_attention

__all__ = [
    "LANDMARK_GROUPS",
    "channel_gate",
    "group_heatmaps",
    "landmark_fusion",
    "landmark_heatmap",
    "landmark_heatmap_max",
    "landmark_heatmap_mse",
    "parsing_attention",
    "use_backend",
]
