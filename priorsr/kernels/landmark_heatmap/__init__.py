"""Heatmaps of landmarks; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.landmark_heatmap.op import landmark_heatmap, landmark_heatmap_max, landmark_heatmap_mse

__all__ = ["landmark_heatmap", "landmark_heatmap_max", "landmark_heatmap_mse"]
