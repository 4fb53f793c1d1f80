from __future__ import annotations

import pytest
from torch import nn

import priorsr
from tests.models.small_encoder_decoder import SMALL


@pytest.fixture
def model() -> nn.Module:
    return priorsr.create("model", "encoder_decoder", **SMALL, attention=priorsr.Part("channel", reduction=2))
