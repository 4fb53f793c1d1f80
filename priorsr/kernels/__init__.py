"""Operations worth a kernel of their own: a folder each, with its reference in ordinary torch."""

from __future__ import annotations

from priorsr.kernels.landmark_heatmap import landmark_heatmap

__all__ = ["landmark_heatmap"]
