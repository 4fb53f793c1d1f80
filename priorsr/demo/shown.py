"""The demo's picture: faces reduced, enlarged by each model, and as they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from priorsr.bench.made_elsewhere.given_images import image_of_pixels
from priorsr.data import Reduction
from priorsr.metrics import load_protocol
from priorsr.viz.strips import draw_strips, save_picture

PROTOCOL = "priorsr@1"


def draw_faces(hr: Tensor, models: Mapping[str, nn.Module], path: Path) -> None:
    """Draw a row for each face (B,3,H,W): LR, each model's image with its PSNR on Y, and the face itself."""
    protocol = load_protocol(PROTOCOL).adapted(hr.shape[-1])
    lr = torch.stack([_reduced(face, protocol.reduction) for face in hr])
    columns, notes = {"LR": list(lr)}, {}
    for label, model in models.items():
        with torch.inference_mode():
            sr = model(lr).sr
        columns[label] = list(sr)
        notes[label] = [f"{value:.2f} dB" for value in protocol.scoring.score(sr, hr).per_image["psnr_y"]]
    columns["HR"] = list(hr)
    save_picture(draw_strips(columns, notes), path)


def _reduced(face: Tensor, reduction: Reduction) -> Tensor:
    pixels = (face * 255).round().byte().permute(1, 2, 0).numpy()
    return image_of_pixels(reduction.reduce(pixels))
