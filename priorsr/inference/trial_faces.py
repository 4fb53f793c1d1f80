"""Check accelerated models: faces to run them on, and the change of their PSNR."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

from priorsr.containers import Batch, Prior, SROutput
from priorsr.data.reduction import Reduction
from priorsr.data.synth import draw_faces
from priorsr.inference.acceleration_report import PsnrChange
from priorsr.inference.calls import Call
from priorsr.metrics import psnr

LR_SIDE = 16  # of synthetic faces
CLASSES = 19


def synthetic_faces(model: nn.Module, number: int) -> Batch:
    """Return drawn faces with their priors; their LR images have 16 px, or the next size that the model takes."""
    scale, multiple = cast("int", model.scale), cast("int", model.size_multiple)
    drawn = draw_faces(0, 0, number, size=scale * multiple * math.ceil(LR_SIDE / multiple))
    hr = drawn.images
    reduction = Reduction(scale=scale)
    lr = np.stack([reduction.reduce(image.permute(1, 2, 0).numpy()) for image in hr])
    parsing = nn.functional.one_hot(drawn.parsing.long(), CLASSES).permute(0, 3, 1, 2).float()
    valid = torch.ones(drawn.landmarks.shape[:2], dtype=torch.bool)
    ids = tuple(f"synthetic-{index}" for index in range(number))
    prior = Prior(parsing.contiguous(), drawn.landmarks, valid)
    return Batch(torch.from_numpy(lr).permute(0, 3, 1, 2).float() / 255, hr.float() / 255, prior, ids)


def in_batches(faces: Batch, size: int, device: torch.device) -> Iterator[Batch]:
    """Return the faces in batches of exactly `size`, on a device; the first ones fill up the last batch."""
    total = len(faces.lr)
    for first in range(0, total, size):
        places = torch.arange(first, first + size) % total
        ids = tuple(faces.ids[place] for place in places.tolist())
        lr, hr, prior = tree_map(partial(_taken, places=places, device=device), faces[:3])
        yield Batch(lr, hr, prior, ids)


def _taken(part: Tensor | None, places: Tensor, device: torch.device) -> Tensor | None:
    return None if part is None else part[places].to(device)


class Check:
    """A model in eval mode and its results on some faces, to which other forms of it are compared.

    A model that needs a prior gets the faces' own.
    """

    def __init__(self, model: nn.Module, batches: Sequence[Batch]) -> None:
        self.model = model
        self._batches = batches
        self._psnr = self._psnr_of(model)

    @torch.no_grad()
    def error(self, form: nn.Module) -> float:
        """Return the largest change of a tensor of the first result, relative to its largest value."""
        wanted, got = (tree_leaves(self._result(network, self._batches[0])) for network in (self.model, form))
        errors = [(a - b).abs().max() / a.abs().max().clamp(min=1e-12) for a, b in zip(wanted, got, strict=True)]
        return torch.stack(errors).max().item()

    def change(self, form: Callable[..., SROutput]) -> PsnrChange:
        """Return the change of the faces' PSNR; NaN where the form returns NaN."""
        found = self._psnr_of(form)
        return PsnrChange((found.mean() - self._psnr.mean()).abs().item(), (found - self._psnr).abs().max().item())

    @torch.no_grad()
    def seconds(self, form: Callable[..., SROutput]) -> float:
        """Return how long the form computes the first batch, once."""
        batch = self._batches[0]
        began = time.perf_counter()
        self._result(form, batch)
        if batch.lr.is_cuda:
            torch.cuda.synchronize(batch.lr.device)
        return time.perf_counter() - began

    @property
    def calls(self) -> list[Call]:
        """Return the call of each batch."""
        return [(self._args(batch), {}) for batch in self._batches]

    @property
    def batch_size(self) -> int:
        """Return the number of faces in every batch."""
        return len(self._batches[0].lr)

    @torch.no_grad()
    def _psnr_of(self, form: Callable[..., SROutput]) -> Tensor:
        return torch.cat([psnr(self._result(form, batch).sr, batch.hr) for batch in self._batches])

    def _result(self, form: Callable[..., SROutput], batch: Batch) -> SROutput:
        result: SROutput = form(*self._args(batch))
        return result

    def _args(self, batch: Batch) -> tuple[Any, ...]:
        return (batch.lr, batch.prior if self.model.prior == "required" else None)
