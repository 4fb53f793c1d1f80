"""The components of this package: a line each, imported when they are used."""

from __future__ import annotations

BUILTINS: dict[str, dict[str, str]] = {
    "fusion": {
        "concat": "priorsr.blocks.concat_fusion:ConcatFusion",
        "parsing_attention": "priorsr.blocks.parsing_attention:ParsingAttentionFusion",
        "parsing_gated": "priorsr.blocks.parsing_gated:ParsingGatedFusion",
        "spatial_affine": "priorsr.blocks.spatial_affine:SpatialAffineFusion",
        "landmark_attentive": "priorsr.blocks.landmark_attentive:LandmarkAttentiveFusion",
    },
    "attention": {
        "channel": "priorsr.blocks.channel_attention:ChannelAttention",
        "spatial": "priorsr.blocks.spatial_attention:SpatialAttention",
        "channel_spatial": "priorsr.blocks.channel_spatial_attention:ChannelSpatialAttention",
    },
    "retention": {
        "none": "priorsr.blocks.retention:NoRetention",
        "multi_scale": "priorsr.blocks.multi_scale_retention:MultiScaleRetention",
        "concat": "priorsr.blocks.concat_retention:ConcatRetention",
    },
    "upsampler": {
        "pixel_shuffle": "priorsr.blocks.pixel_shuffle:PixelShuffleUpsampler",
        "progressive": "priorsr.blocks.progressive_upsampler:ProgressiveUpsampler",
        "transposed": "priorsr.blocks.transposed:TransposedUpsampler",
    },
    "distillation": {
        "stage_l1": "priorsr.losses.distillation:StageL1",
        "soft_output": "priorsr.losses.distillation:SoftOutput",
        "attention_transfer": "priorsr.losses.attention_transfer:AttentionTransfer",
        "hint": "priorsr.losses.hint:Hint",
        "relation": "priorsr.losses.relation:Relation",
    },
    "estimator": {
        "face_alignment": "priorsr.estimators.face_alignment:FaceAlignment",
        "parsing_net": "priorsr.estimators.parsing_net:ParsingNet",
    },
    "model": {
        "bicubic": "priorsr.models.bicubic:Bicubic",
        "encoder_decoder": "priorsr.models.encoder_decoder:EncoderDecoder",
        "progressive": "priorsr.models.progressive:Progressive",
    },
    "recipe": {
        "parsing_net": "priorsr.training.recipes.parsing_net:ParsingNetRecipe",
        "supervised": "priorsr.training.recipes.supervised:SupervisedRecipe",
    },
    "score": {
        "fid": "priorsr.metrics.fid:FID",
        "identity": "priorsr.metrics.identity:Identity",
        "lpips": "priorsr.metrics.lpips:LPIPS",
        "lr_consistency": "priorsr.metrics.lr_consistency:LRConsistency",
        "nme": "priorsr.metrics.landmark_error:LandmarkError",
        "parsing_agreement": "priorsr.metrics.parsing_agreement:ParsingAgreement",
        "parsing_agreement_eyes": "priorsr.metrics.parsing_agreement:EyesAgreement",
        "parsing_agreement_mouth": "priorsr.metrics.parsing_agreement:MouthAgreement",
        "parsing_agreement_nose": "priorsr.metrics.parsing_agreement:NoseAgreement",
    },
}
