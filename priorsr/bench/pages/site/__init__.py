"""The leaderboard as a static page: tables and image strips that open from disk."""

from __future__ import annotations

from priorsr.bench.pages.site.build import build_site

__all__ = ["build_site"]
