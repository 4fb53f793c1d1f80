"""LR consistency: the distance between the LR image and the reduced SR image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from priorsr.data.reduction import Reduction
from priorsr.errors import ShapeError
from priorsr.metrics.pairs import to_8bit
from priorsr.metrics.psnr import mse, psnr_of_mse
from priorsr.shapes import check_batch, check_map, check_same


class LRConsistency(nn.Module):
    """PSNR in dB, over RGB, between a model's LR input and its SR image reduced in the same way.

    It needs neither a network nor HR, and detects sharp faces that do not match the input.

    Shapes: sr and hr (B,3,H,W), lr (B,3,h,w) -> (B,). Wrong shapes raise ShapeError.
    Range: images in [0, 1]; SR is rounded to 8 bits, since reduction kernels take 8-bit images. Infinite if the reduced
        SR equals LR, as for HR. Computed on the CPU in float64, returned in sr's precision, float32 at least.
    Source: the consistency of super-resolution, as in Bahat and Michaeli, "Explorable super resolution" (CVPR 2020);
        by PSNR as in Lugmayr et al., "NTIRE 2021 learning the super-resolution space" (CVPRW 2021).
    """

    kind = "score"
    higher_is_better = True
    bounds = (0.0, math.inf)
    unit = "dB"
    needs = ("lr", "reduction", "ids")
    waived: ClassVar = {"device_follows_input": "reduction kernels run on the CPU, by Pillow and NumPy"}

    def forward(self, sr: Tensor, hr: Tensor, lr: Tensor, reduction: Reduction, ids: Sequence[str]) -> Tensor:
        check_map(sr, 3, "LR consistency", "sr")
        check_same(sr, hr, "LR consistency", "sr and hr")
        check_map(lr, 3, "LR consistency", "lr")
        check_batch(sr, lr, "LR consistency", "sr and lr")
        images = to_8bit(sr).permute(0, 2, 3, 1).cpu().numpy()
        reduced = np.stack([reduction.reduce(image, face=face) for image, face in zip(images, ids, strict=True)])
        again = torch.from_numpy(reduced).permute(0, 3, 1, 2)
        if again.shape != lr.shape:
            raise ShapeError(
                f"LR consistency: the reduction makes {tuple(again.shape)} of sr, and lr has {tuple(lr.shape)}"
            )
        given = lr.cpu()
        if reduction.quantise:  # both hold 8-bit values, so equal images are bit-identical
            again, given = again / 255, to_8bit(given) / 255
        values = psnr_of_mse(mse(again.double(), given.double()))
        return values.to(sr.device, torch.promote_types(sr.dtype, torch.float32))
