"""A blind reduction: each face is blurred, made noisy and compressed by its own random amounts."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
import torch.nn.functional as F

from priorsr.errors import OptionError
from priorsr.files import require_extra

BLUR = (0.05, 0.5)  # the Gaussian's sigma, in LR pixels
NOISE = (0.0, 15.0)  # the standard deviation of Gaussian noise, in levels of 255
QUALITY = (60.0, 100.0)  # of JPEG


def blind(hr: np.ndarray, scale: int, *, face: str | None, seed: int = 0) -> np.ndarray:
    """Blur, reduce, add noise, compress: (H,W,3) uint8 -> (H/scale,W/scale,3) float64 in [0, 1].

    The same face, by its id, and the same seed give the same amounts and the same noise; they are drawn evenly from
    BLUR, NOISE and QUALITY. The reduction is bicubic (a = -0.5, antialiased).

    The order, and the ranges of noise and JPEG, are those of GFPGAN (Wang et al., CVPR 2021). It blurs by 0.2 to 10
    pixels of a 512 px image that it reduces by up to 8; ours is given in LR pixels, so that one range serves every
    scale and size. JPEG is kornia's differentiable codec, which differs a little from any file's.

    Raises OptionError without a face, MissingExtraError without kornia.
    """
    if face is None:
        raise OptionError("the reduction 'blind' draws by the face's id, and none was given: face=ID was expected")
    require_extra("kornia", "train")
    from kornia.enhance import jpeg_codec_differentiable
    from kornia.filters import gaussian_blur2d

    draws = np.random.default_rng(list(hashlib.sha256(f"{seed}/{face}".encode()).digest()))
    sigma, noise, quality = (draws.uniform(*limits) for limits in (BLUR, NOISE, QUALITY))
    sigma *= scale
    side = 2 * math.ceil(3 * sigma) + 1
    image = torch.from_numpy(hr.transpose(2, 0, 1)[None] / 255)  # float64, so that rounding hardly ever differs
    image = gaussian_blur2d(image, side, (sigma, sigma), border_type="replicate")
    image = F.interpolate(image, scale_factor=1 / scale, mode="bicubic", antialias=True)
    image = (image + torch.from_numpy(draws.normal(0, noise / 255, image.shape))).clamp(0, 1)
    image = jpeg_codec_differentiable(image, torch.tensor([quality], dtype=image.dtype))
    return image[0].permute(1, 2, 0).clamp(0, 1).numpy()
