"""Skeletons to compose models from, saving and loading of weights, and helpers for plugins of kind `model`."""

from priorsr.models.creation import load
from priorsr.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from priorsr.models.enlarging import enlarge
from priorsr.models.image_checks import check_lr
from priorsr.models.input_checks import check_images, check_input
from priorsr.models.prior_map import prior_map
from priorsr.models.progressive import Progressive, ProgressiveConfig
from priorsr.models.released import ReleasedLayout, convert_released
from priorsr.models.weights import load_file, read_card, save, weights_hash

__all__ = [
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "Progressive",
    "ProgressiveConfig",
    "ReleasedLayout",
    "check_images",
    "check_input",
    "check_lr",
    "convert_released",
    "enlarge",
    "load",
    "load_file",
    "prior_map",
    "read_card",
    "save",
    "weights_hash",
]
