"""One page for one training run: curves, samples over time, scores, and how to repeat it."""

from __future__ import annotations

from priorsr.bench.pages.run.run_report import build_report

__all__ = ["build_report"]
