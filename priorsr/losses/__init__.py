"""Losses: pixel, perceptual, distillation."""

from priorsr.losses.distillation import SoftOutput, StageL1
from priorsr.losses.perceptual import PerceptualLoss
from priorsr.losses.pixel import l1

__all__ = ["PerceptualLoss", "SoftOutput", "StageL1", "l1"]
