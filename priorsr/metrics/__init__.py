"""Scores, each implemented once, and the protocols that define how they are used."""

from __future__ import annotations

from priorsr.data.reduction import Reduction
from priorsr.metrics.colour import Colour, to_colour
from priorsr.metrics.msssim import ms_ssim
from priorsr.metrics.pairs import to_8bit
from priorsr.metrics.protocol import Protocol, load_protocol, protocol_names
from priorsr.metrics.psnr import psnr
from priorsr.metrics.score_calls import call_score
from priorsr.metrics.scoring import Scores, Scoring, score_many
from priorsr.metrics.ssim import ssim

__all__ = [
    "Colour",
    "Protocol",
    "Reduction",
    "Scores",
    "Scoring",
    "call_score",
    "load_protocol",
    "ms_ssim",
    "protocol_names",
    "psnr",
    "score_many",
    "ssim",
    "to_8bit",
    "to_colour",
]
