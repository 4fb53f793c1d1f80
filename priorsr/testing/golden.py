"""Deterministic weights for parity tests: the same numbers for a tensor's name and shape on every machine."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor


def golden_weight(key: str, shape: tuple[int, ...]) -> Tensor:
    """Return weights for the tensor `key` of `shape`: uniform noise seeded by crc32(key), scaled by its role.

    The released networks were filled in this way, and the parity tests compare their outputs with ours; `key` is the
    name in the released state dict.
    """
    noise = 2 * np.random.default_rng(zlib.crc32(key.encode())).random(shape) - 1
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    if leaf == "running_var":
        noise = 1 + 0.5 * np.abs(noise)
    elif leaf == "running_mean":
        noise = 0.1 * noise
    elif leaf.endswith("_orig"):  # equalised learning rate: unit variance, rescaled at run time
        noise = np.sqrt(3.0) * noise
    elif len(shape) <= 1:
        if leaf != "weight":  # a bias
            noise = 0.05 * noise
        else:
            is_norm = len(shape) == 1 and shape[0] > 1  # else: the slope of a PReLU
            noise = 1 + 0.1 * noise if is_norm else 0.2 + 0.05 * noise
    else:
        scale = np.sqrt(3.0 / np.prod(shape[1:]))
        if "upBlocks" in key or key.startswith("out."):  # transposed convolutions of stride 4
            scale *= 4
        if key.startswith("HG."):
            scale *= 0.75
        noise = noise * scale
    return torch.from_numpy(np.asarray(noise, dtype=np.float32))


def golden_state(spec: list[tuple[str, list[int]]]) -> dict[str, Tensor]:
    """Return a state dict of golden weights for these names and shapes, in order."""
    return {name: golden_weight(name, tuple(shape)) for name, shape in spec}
