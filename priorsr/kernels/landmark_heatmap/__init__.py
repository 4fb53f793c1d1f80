"""Heatmaps of landmarks; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.landmark_heatmap.reference import landmark_heatmap

__all__ = ["landmark_heatmap"]
