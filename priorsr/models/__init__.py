"""Skeletons to compose models from, and weights in and out. What a plugin of kind `model` needs."""

from priorsr.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from priorsr.models.released import ReleasedLayout, convert_released
from priorsr.models.resize import enlarge
from priorsr.models.weights import load, read_card, save, weights_hash

__all__ = [
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "ReleasedLayout",
    "convert_released",
    "enlarge",
    "load",
    "read_card",
    "save",
    "weights_hash",
]
