"""Inference with trained models: faster forms, upscaling and export."""

from __future__ import annotations

from priorsr.inference.accelerated import Accelerated
from priorsr.inference.acceleration import accelerate
from priorsr.inference.acceleration_report import AccelerationReport

__all__ = ["Accelerated", "AccelerationReport", "accelerate"]
