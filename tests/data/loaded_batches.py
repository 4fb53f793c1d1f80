"""Comparison of batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from priorsr.containers import Batch, Prior
from priorsr.data import About, Face, FaceSet, Pixels, Provenance, write_face_set
from priorsr.priors import flip_prior, rotate_prior

HAND = Provenance(tool="hand", version="1")


def assert_same(a: Batch, b: Batch) -> None:
    assert a.ids == b.ids
    assert torch.equal(a.hr, b.hr)
    assert torch.equal(a.lr, b.lr)
    for one, other in zip(a.prior, b.prior, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


def moved(batch: Batch, index: int, mirrored: bool, quarters: int) -> Batch:
    """One face of a batch, mirrored and turned by the functions for priors."""
    hr, lr = (part[index : index + 1] for part in (batch.hr, batch.lr))
    prior = Prior(*(None if part is None else part[index : index + 1] for part in batch.prior))
    if mirrored:
        hr, lr, prior = hr.flip(-1), lr.flip(-1), flip_prior(prior, 64)
    turned = rotate_prior(prior, quarters, 64)
    return Batch(lr.rot90(quarters, (2, 3)), hr.rot90(quarters, (2, 3)), turned, batch.ids[index : index + 1])


def one_colour(path: Path, mapped: tuple[bool, ...], first: int = 0) -> FaceSet:
    """A set of grey faces, which have a map where `mapped` says so."""

    def face(index: int) -> Face:
        image = np.full((32, 32, 3), first + index, dtype=np.uint8)
        pixels = Pixels(image, image[..., 0] if mapped[index] else None)
        return Face(f"f{index}", "train", str(index), lambda: pixels)

    return write_face_set(path, [face(i) for i in range(len(mapped))], About("c", "test", "none"), parsing=HAND)
