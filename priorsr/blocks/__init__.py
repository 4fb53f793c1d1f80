"""Blocks to build networks from: nn.Modules, one file an idea."""

from priorsr.blocks.channel_attention import ChannelAttention
from priorsr.blocks.concat_fusion import ConcatFusion
from priorsr.blocks.pixel_shuffle import PixelShuffleUpsampler, PixelUnshuffleDownsampler
from priorsr.blocks.residual_attention import ResidualAttentionBlock
from priorsr.blocks.resize import resize_map
from priorsr.blocks.retention import NoRetention

__all__ = [
    "ChannelAttention",
    "ConcatFusion",
    "NoRetention",
    "PixelShuffleUpsampler",
    "PixelUnshuffleDownsampler",
    "ResidualAttentionBlock",
    "resize_map",
]
