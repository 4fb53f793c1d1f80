"""Building blocks of networks: one nn.Module, or one family, a file."""

from priorsr.blocks.argument_checks import check_fusion, check_retention
from priorsr.blocks.channel_attention import ChannelAttention
from priorsr.blocks.channel_spatial_attention import ChannelSpatialAttention
from priorsr.blocks.concat_fusion import ConcatFusion
from priorsr.blocks.concat_retention import ConcatRetention
from priorsr.blocks.equalised import EqualisedConv2d
from priorsr.blocks.equalised_residual import EqualisedResidualBlock
from priorsr.blocks.landmark_attentive import LandmarkAttentiveFusion
from priorsr.blocks.map_resizing import resize_map
from priorsr.blocks.minibatch_stddev import MinibatchStdDev
from priorsr.blocks.multi_scale_retention import MultiScaleRetention
from priorsr.blocks.parsing_attention import ParsingAttentionFusion
from priorsr.blocks.parsing_gated import ParsingGatedFusion
from priorsr.blocks.pixel_shuffle import PixelShuffleUpsampler, PixelUnshuffleDownsampler
from priorsr.blocks.progressive_upsampler import ProgressiveUpsampler, fade_in
from priorsr.blocks.residual_attention import ResidualAttentionBlock
from priorsr.blocks.retention import NoRetention
from priorsr.blocks.spatial_affine import SpatialAffineFusion
from priorsr.blocks.spatial_attention import SpatialAttention
from priorsr.blocks.transposed import TransposedUpsampler

__all__ = [
    "ChannelAttention",
    "ChannelSpatialAttention",
    "ConcatFusion",
    "ConcatRetention",
    "EqualisedConv2d",
    "EqualisedResidualBlock",
    "LandmarkAttentiveFusion",
    "MinibatchStdDev",
    "MultiScaleRetention",
    "NoRetention",
    "ParsingAttentionFusion",
    "ParsingGatedFusion",
    "PixelShuffleUpsampler",
    "PixelUnshuffleDownsampler",
    "ProgressiveUpsampler",
    "ResidualAttentionBlock",
    "SpatialAffineFusion",
    "SpatialAttention",
    "TransposedUpsampler",
    "check_fusion",
    "check_retention",
    "fade_in",
    "resize_map",
]
