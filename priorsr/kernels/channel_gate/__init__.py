"""The gate of a residual channel attention block; equations and memory plan in README.md."""

from __future__ import annotations

from priorsr.kernels.channel_gate.op import channel_gate

__all__ = ["channel_gate"]
