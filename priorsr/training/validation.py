"""Validate a stage's product on faces outside of the training data, and draw a few of them."""

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
from priorsr.data import FaceLoader, Pairs, Reduction, ShardLoader, ShardSet
from priorsr.data.pair_loader import PairLoader
from priorsr.data.shards.broken_faces import BrokenFaces
from priorsr.data.training_set import OpenedSource
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
    """A product's score, a mean over faces; the references' scores on the same faces; and the seconds it took."""

    score: str
    value: float
    references: Mapping[str, float]
    faces: int
    seconds: float


class Validator:
    """Scores a product in float32 on faces of the split `val` of a face set or shards, or on pairs.

    A model is scored by PSNR on Y as in `priorsr@1`, an estimator by a prior that the set has for every face. The faces
    are divided among the processes.
    protocol: `priorsr@1`, adapted to the size of the faces and the reduction. Pairs contain their own LR, and their HR
        is rounded to 8 bits.
    faces: the description of the faces on cards.
    """

    def __init__(
        self, data: OpenedSource, reduction: Reduction, accelerator: Accelerator, broken: BrokenFaces | None = None
    ) -> None:
        self._accelerator = accelerator
        self._loader: FaceLoader | PairLoader | ShardLoader
        if isinstance(data, Pairs):
            self._loader = PairLoader(data, batch_size=BATCH, scale=reduction.scale)
            self.faces, size = f"{data.name}, LR as given", data.size[0]
        elif isinstance(data, ShardSet):
            self._loader = ShardLoader(data, "val", batch_size=BATCH, reduction=reduction, broken=broken)
            self.faces, size = "val", data.index.image_size[0]
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
        """Return the number of validation faces."""
        return self._loader.count

    @torch.no_grad()
    def score(self, product: nn.Module, faces: int | None = FACES) -> ValidationScore:
        """Score the first `faces` faces, or all for None; raises DataError if none of them can be scored."""
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
            raise DataError(
                f"{self._loader.name}: no validation face can be scored by {score.name}; one or more were expected"
            )
        means = {name: fmean(row[name] for row in scored) for name in scored[0]}
        return ValidationScore(score.name, means.pop(""), means, len(scored), time.perf_counter() - began)

    @torch.no_grad()
    def strip(self, product: nn.Module, title: str) -> Image.Image:
        """Return a picture of the first faces, with the score of each."""
        with in_eval_mode(product):
            images, notes = self.score_of(product).columns(product, next(self._batches(SHOWN)))
        return draw_strips(images, notes, title)

    def score_of(self, product: nn.Module) -> ProductScore:
        """Return the score that suits a product in eval mode.

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
            f"{self._loader.name}: the estimator {type(product).__name__} returns "
            f"{' and '.join(finds) or 'neither parsing nor landmarks'}, and the validation faces have "
            f"{' and '.join(self._loader.priors) or 'no prior'}; a prior that both have was expected"
        )

    def _batches(self, faces: int | None) -> Iterator[Batch]:
        """Yield batches in order, up to `faces` faces."""
        left = faces
        for batch in self._loader.in_order():
            batch = batch._replace(hr=to_8bit(batch.hr).float() / 255)  # 8 bits as in the protocol; pairs may have more
            if left is not None:
                batch = _first(batch, left)
                left -= len(batch.lr)
            yield batch
            if left == 0:
                return


def _first(batch: Batch, count: int) -> Batch:
    return tree_map_only(Tensor, lambda tensor: tensor[:count], batch)._replace(ids=batch.ids[:count])
