"""Validation: the product's PSNR on faces that it was not trained on, and a few of them to look at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from PIL import Image
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from priorsr.data import FaceLoader, FaceSet
from priorsr.metrics import load_protocol
from priorsr.models.bicubic import Bicubic, BicubicConfig
from priorsr.types import Batch, Prior
from priorsr.viz.strips import draw_strips

PROTOCOL, SCORE = "priorsr@1", "psnr_y"
FACES, SHOWN, BATCH = 32, 4, 8


@dataclass(frozen=True)
class Score:
    """PSNR on Y in dB, the mean over faces, of the model and of bicubic enlargement; seconds it took."""

    psnr_y: float
    bicubic_psnr_y: float
    faces: int
    seconds: float


class Validator:
    """Scores a model as `priorsr@1` scores PSNR on Y, in float32, over the first faces of the split `val` or all.

    As in benchmarks, only a model that requires a prior is given the ground truth. The faces are shared out among the
    processes.
    protocol: the protocol, for the size of the faces and the recipe's reduction.
    """

    def __init__(self, faces: FaceSet, scale: int, reduction: str, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._loader = FaceLoader(faces, "val", batch_size=BATCH, reduction=reduction, scale=scale)
        self._bicubic = Bicubic(BicubicConfig(scale))
        published = load_protocol(PROTOCOL)
        size, usual = faces.manifest.image_sizes[0][0], published.reduction.hr_size
        self.protocol = replace(
            published,
            reduction=replace(published.reduction, hr_size=size, scale=scale, kernel=reduction),
            adapted_from=None if size == usual else usual,
        )
        scoring = self.protocol.scoring
        self._scoring = replace(scoring, scores={SCORE: scoring.scores[SCORE]})

    @property
    def count(self) -> int:
        """How many faces there are to validate on."""
        return len(self._loader.ids)

    @torch.no_grad()
    def score(self, model: nn.Module, faces: int | None = FACES) -> Score:
        """Score the first `faces` faces; None: all."""
        began = time.perf_counter()
        share = slice(self._accelerator.process_index, None, self._accelerator.num_processes)
        ours: list[float] = []
        bicubic: list[float] = []
        for batch in self._batches(faces):
            lr, hr, prior = tree_map_only(Tensor, lambda tensor: tensor[share], batch[:3])
            if len(lr):
                ours += self._psnr(self._enhanced(model, lr, prior), hr)
                bicubic += self._psnr(self._bicubic(lr).sr, hr)
        ours, bicubic = gather_object(ours), gather_object(bicubic)
        return Score(fmean(ours), fmean(bicubic), len(ours), time.perf_counter() - began)

    @torch.no_grad()
    def strip(self, model: nn.Module, title: str) -> Image.Image:
        """The first faces as LR, bicubic, SR and HR, with the PSNR of each."""
        lr, hr, prior, _ = next(self._batches(SHOWN))
        images = {"LR": lr, "bicubic": self._bicubic(lr).sr, "SR": self._enhanced(model, lr, prior), "HR": hr}
        scores = {caption: self._psnr(images[caption], hr) for caption in ("bicubic", "SR")}
        columns = {
            f"{caption}, {column.shape[-1]} px" if caption in ("LR", "HR") else caption: list(column)
            for caption, column in images.items()
        }
        notes = {caption: [f"{value:.2f} dB" for value in values] for caption, values in scores.items()}
        return draw_strips(columns, notes, title)

    def _psnr(self, sr: Tensor, hr: Tensor) -> list[float]:
        return self._scoring.score(sr, hr).per_image[SCORE].tolist()

    def _enhanced(self, model: nn.Module, lr: Tensor, prior: Prior) -> Tensor:
        """A model's answer in eval mode, with the prior if it requires one, on the CPU, where scores are computed."""
        lr, prior = tree_map_only(Tensor, lambda tensor: tensor.to(self._accelerator.device), (lr, prior))
        training = model.training
        model.eval()
        try:
            return (model(lr) if prior_given(model) == "none" else model(lr, prior)).sr.cpu()
        finally:
            model.train(training)

    def _batches(self, faces: int | None) -> Iterator[Batch]:
        """Batches in order, the last one cut to what is left of `faces`."""
        left = faces
        for batch in self._loader.in_order():
            if left is not None:
                batch = _first(batch, left)
                left -= len(batch.lr)
            yield batch
            if left == 0:
                return


def prior_given(model: nn.Module) -> Literal["none", "ground-truth"]:
    """What a model is given beside LR when it is validated."""
    return "ground-truth" if model.prior == "required" else "none"


def _first(batch: Batch, count: int) -> Batch:
    return tree_map_only(Tensor, lambda tensor: tensor[:count], batch)
