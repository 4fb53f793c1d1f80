"""Faces for this plugin's tests: drawn ones, and a photograph in the public domain."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from priorsr.data.synth import SyntheticFaces, draw_faces


@pytest.fixture(scope="session")
def drawn() -> SyntheticFaces:
    """Six drawn faces of 128 px."""
    return draw_faces(seed=0, first=2, count=6)


@pytest.fixture(scope="session")
def hr(drawn: SyntheticFaces) -> Tensor:
    """Their images, (6,3,128,128) in [0, 1]."""
    return drawn.images / 255


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """NASA's portrait of Eileen Collins, as scikit-image carries it, (512,512,3) uint8."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut())
