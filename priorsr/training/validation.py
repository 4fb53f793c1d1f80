"""Validate a stage's product on faces that it was not trained on, and show a few of them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from PIL import Image
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from priorsr.containers import Batch
from priorsr.data import FaceLoader, FaceSet, Pairs, Reduction
from priorsr.data.pair_loader import PairLoader
from priorsr.errors import DataError
from priorsr.execution.eval_mode import in_eval_mode
from priorsr.metrics import load_protocol, to_8bit
from priorsr.models.bicubic import Bicubic, BicubicConfig
from priorsr.training.validation_scores import EstimatorScore, ModelScore, ProductScore
from priorsr.viz.strips import draw_strips

PROTOCOL = "priorsr@1"
FACES, SHOWN, BATCH = 32, 4, 8


@dataclass(frozen=True)
class ValidationScore:
    """A product's score, the mean over faces, by its name, beside references' on the same faces; seconds."""

    score: str
    value: float
    references: Mapping[str, float]
    faces: int
    seconds: float


class Validator:
    """Scores a product, in float32, over the first faces of a face set's split `val`, or of pairs, or over all.

    A model is scored as `priorsr@1` scores PSNR on Y, an estimator by the prior that the set knows of every face. The
    faces are shared out among the processes.
    protocol: the protocol, for the size of the faces and the given reduction; pairs bring their LR along, and their HR
        is rounded to 8 bits.
    faces: which they are, as cards describe them.
    """

    def __init__(self, data: FaceSet | Pairs, reduction: Reduction, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._loader: FaceLoader | PairLoader
        if isinstance(data, Pairs):
            self._loader = PairLoader(data, batch_size=BATCH, scale=reduction.scale)
            self.faces, size = f"{data.name}, LR as given", data.size[0]
        else:
            self._loader = FaceLoader(data, "val", batch_size=BATCH, reduction=reduction)
            self.faces, size = "val", data.manifest.image_sizes[0][0]
        published = load_protocol(PROTOCOL)
        usual = published.hr_size
        self.protocol = replace(
            published,
            reduction=replace(reduction, hr_size=size),
            adapted_from=None if size == usual else usual,
        )
        scoring, name = self.protocol.scoring, ModelScore.name
        only = replace(scoring, scores={name: scoring.scores[name]})
        self._model_score = ModelScore(only, Bicubic(BicubicConfig(reduction.scale)))

    @property
    def count(self) -> int:
        """Return how many faces there are to validate on."""
        return len(self._loader.ids)

    @torch.no_grad()
    def score(self, product: nn.Module, faces: int | None = FACES) -> ValidationScore:
        """Score the first `faces` faces; None: all. Raises DataError for an estimator if none of them has the prior."""
        began = time.perf_counter()
        share = slice(self._accelerator.process_index, None, self._accelerator.num_processes)
        values: list[dict[str, float]] = []
        with in_eval_mode(product):
            score = self.score_of(product)
            for batch in self._batches(faces):
                lr, hr, prior = tree_map_only(Tensor, lambda tensor: tensor[share], batch[:3])
                if len(lr):
                    ours = Batch(lr, hr, prior, batch.ids[share])
                    columns = {"": score.values(product, ours), **score.references(ours)}
                    rows = torch.stack([*columns.values()], 1).tolist()
                    values += [dict(zip(columns, row, strict=True)) for row in rows]
        scored = [row for row in gather_object(values) if not any(map(math.isnan, row.values()))]
        if not scored:
            raise DataError(f"{self._loader.name}: no face to validate on can be scored by {score.name}")
        means = {name: fmean(row[name] for row in scored) for name in scored[0]}
        return ValidationScore(score.name, means.pop(""), means, len(scored), time.perf_counter() - began)

    @torch.no_grad()
    def strip(self, product: nn.Module, title: str) -> Image.Image:
        """Return the first faces, as their score shows them, with the score of each."""
        with in_eval_mode(product):
            images, notes = self.score_of(product).columns(product, next(self._batches(SHOWN)))
        return draw_strips(images, notes, title)

    def score_of(self, product: nn.Module) -> ProductScore:
        """Return the score of a product in eval mode.

        Raises DataError for an estimator of a prior that the set lacks.
        """
        if getattr(product, "kind", None) != "estimator":
            return self._model_score
        estimated, _ = product(next(self._batches(1)).hr.to(self._accelerator.device))
        if estimated.parsing is not None and "parsing" in self._loader.priors:
            return EstimatorScore("parsing_iou")
        if estimated.landmarks is not None and "landmarks" in self._loader.priors:
            return EstimatorScore("nme")
        finds = [part for part in ("parsing", "landmarks") if getattr(estimated, part) is not None]
        raise DataError(
            f"{self._loader.name}: the estimator {type(product).__name__} gives "
            f"{' and '.join(finds) or 'neither parsing nor landmarks'}, and the faces to validate on have "
            f"{' and '.join(self._loader.priors) or 'no prior'}; one that both have was expected"
        )

    def _batches(self, faces: int | None) -> Iterator[Batch]:
        """Yield batches in order, the last one cut to the rest of `faces`."""
        left = faces
        for batch in self._loader.in_order():
            batch = batch._replace(hr=to_8bit(batch.hr).float() / 255)  # as the protocol has it; pairs may be finer
            if left is not None:
                batch = _first(batch, left)
                left -= len(batch.lr)
            yield batch
            if left == 0:
                return


def _first(batch: Batch, count: int) -> Batch:
    return tree_map_only(Tensor, lambda tensor: tensor[:count], batch)._replace(ids=batch.ids[:count])
