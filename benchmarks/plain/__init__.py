"""The networks spelt layer by layer in plain eager torch, and the fused operations step by step.

They are what every claim of speed is compared with, in float32, contiguous and eager, within one run. Nothing of
priorsr is imported. Parameters are named as in the released checkpoints (PKDN's, of which there are none, as KDFSRNet's
and priorsr's), and every network takes the small LR image, RGB in [0, 1], as priorsr's models do.
"""

from __future__ import annotations

from benchmarks.plain.dic import DIC
from benchmarks.plain.kdfsrnet import KDFSRNet, KDFSRNetTeacher
from benchmarks.plain.pfsr import PFSR
from benchmarks.plain.pkdn import PKDN, PKDNTeacher

__all__ = ["DIC", "PFSR", "PKDN", "KDFSRNet", "KDFSRNetTeacher", "PKDNTeacher"]
