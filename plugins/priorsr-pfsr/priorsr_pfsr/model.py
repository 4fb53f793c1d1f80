"""PFSR's generator: the progressive skeleton with the config of `config.py`."""

from __future__ import annotations

from priorsr.models import Progressive
from priorsr_pfsr.config import PFSRConfig
from priorsr_pfsr.convert import GENERATOR_LAYOUTS


class PFSR(Progressive):
    """PFSR's generator, which needs no prior: landmarks affect its losses only.

    With `step` 1, 2 or 3 it stops at x2, x4 or x8 (the default); `fade` below 1 blends in the earlier step's image,
    as in training.

    Shapes: lr (B,3,h,w) -> sr (B,3,8h,8w), or 2h, 4h at earlier steps; stages: the steps' images. Wrong shapes raise
        ShapeError.
    Range: RGB in [0, 1] up to overshoot; not clamped. Inside, images lie in [-1, 1].
    Source: PFSR (BMVC 2019, arXiv 1908.08239) as released. Departures: none in `paper`; those of `nano` are listed in
        its config.
    """

    Config = PFSRConfig
    released = GENERATOR_LAYOUTS
