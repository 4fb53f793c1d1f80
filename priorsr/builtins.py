"""The components that this package brings itself: a line each, imported when asked for."""

from __future__ import annotations

BUILTINS: dict[str, dict[str, str]] = {
    "fusion": {
        "concat": "priorsr.blocks.concat_fusion:ConcatFusion",
    },
    "attention": {
        "channel": "priorsr.blocks.channel_attention:ChannelAttention",
    },
    "retention": {
        "none": "priorsr.blocks.retention:NoRetention",
    },
    "upsampler": {
        "pixel_shuffle": "priorsr.blocks.pixel_shuffle:PixelShuffleUpsampler",
    },
    "distillation": {
        "stage_l1": "priorsr.losses.distillation:StageL1",
        "soft_output": "priorsr.losses.distillation:SoftOutput",
    },
    "estimator": {},
    "model": {
        "bicubic": "priorsr.models.bicubic:Bicubic",
        "encoder_decoder": "priorsr.models.encoder_decoder:EncoderDecoder",
    },
    "recipe": {},
    "score": {},
}
