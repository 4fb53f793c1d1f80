"""Options of the smallest encoder-decoder that tests build."""

from __future__ import annotations

SMALL = {"width": 8, "depth": 1, "levels": 2, "scale": 4}
