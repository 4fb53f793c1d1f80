"""Attention biased by a parsing map; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.parsing_attention.op import parsing_attention

__all__ = ["parsing_attention"]
