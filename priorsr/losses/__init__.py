"""Losses: pixel, perceptual, adversarial, facial attention, distillation."""

from priorsr.losses.adversarial import (
    gradient_penalty,
    vanilla_critic_loss,
    vanilla_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from priorsr.losses.attention_transfer import AttentionTransfer
from priorsr.losses.distillation import SoftOutput, StageDistillation, StageL1
from priorsr.losses.facial_attention import facial_attention_loss, heatmap_loss, normalised_heatmaps
from priorsr.losses.hint import Hint
from priorsr.losses.perceptual import PerceptualLoss
from priorsr.losses.pixel import l1
from priorsr.losses.relation import Relation
from priorsr.losses.valid_landmarks import valid_mean

__all__ = [
    "AttentionTransfer",
    "Hint",
    "PerceptualLoss",
    "Relation",
    "SoftOutput",
    "StageDistillation",
    "StageL1",
    "facial_attention_loss",
    "gradient_penalty",
    "heatmap_loss",
    "l1",
    "normalised_heatmaps",
    "valid_mean",
    "vanilla_critic_loss",
    "vanilla_generator_loss",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]
