"""The baseline is PIL's bicubic, to the rounding of its 8 bits."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

import priorsr


def test_agrees_with_pil_to_its_rounding() -> None:
    # No overshoot: PIL clamps it after each pass, and the model hands it on.
    lr = np.random.default_rng(0).integers(80, 176, (16, 12, 3), dtype=np.uint8)
    wanted = np.asarray(Image.fromarray(lr).resize((96, 128), Image.Resampling.BICUBIC), dtype=np.float32)
    image = torch.from_numpy(lr).permute(2, 0, 1)[None] / 255
    sr = priorsr.create("model", "bicubic")(image).sr[0].permute(1, 2, 0).clamp(0, 1).numpy() * 255
    assert np.abs(sr - wanted).max() <= 2  # one for each of PIL's two roundings
    assert np.abs(sr - wanted).mean() < 0.5


def test_a_model_of_todays_plain_bicubic_would_not_agree() -> None:
    lr = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    plain = torch.nn.functional.interpolate(lr, scale_factor=8, mode="bicubic")
    assert (priorsr.create("model", "bicubic")(lr).sr - plain).abs().max() > 0.02
