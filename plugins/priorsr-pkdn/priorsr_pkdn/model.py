"""PKDN's student and teacher: the encoder-decoder skeleton with the configs of `config.py`."""

from __future__ import annotations

from priorsr.models import EncoderDecoder
from priorsr_pkdn.config import PKDNConfig, PKDNTeacherConfig


class PKDN(EncoderDecoder):
    """PKDN's student, the network for inference, which needs no prior.

    Shapes: lr (B,3,h,w), even sides -> sr (B,3,8h,8w); features: nine stages of (B,64,...), at 1/2, 1/4, 1/8, 1/16 |
        1/16 | 1/8, 1/4, 1/2, 1 of the HR size. Wrong shapes raise ShapeError.
    Range: RGB in [0, 1] up to overshoot; not clamped.
    Source: PKDN (arXiv 2409.14385). Departures: unknown, since no code is public; the stages are KDFSRNet's, and all
        sizes are ours.
    """

    Config = PKDNConfig


class PKDNTeacher(EncoderDecoder):
    """PKDN's teacher, which takes a parsing map; for training, or to measure the value of the prior.

    Shapes: lr (B,3,h,w), even sides, and a prior with parsing (B,19,8h,8w) -> sr (B,3,8h,8w); features as the
        student's. Wrong shapes raise ShapeError, a missing parsing map PriorsrError.
    Range: RGB in [0, 1] up to overshoot; not clamped.
    Source: PKDN (arXiv 2409.14385). Departures: unknown, since no code is public; the stages are KDFSRNet's; the fusion
        and all sizes are ours.
    """

    Config = PKDNTeacherConfig
