"""Scores that validate a stage's product: PSNR of a model, IoU or NME of an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from priorsr.containers import Batch, Prior
from priorsr.errors import PriorsrError
from priorsr.infinity import fixed
from priorsr.metrics import Scoring
from priorsr.metrics.nme import nme
from priorsr.metrics.parsing_iou import face_iou
from priorsr.models.bicubic import Bicubic
from priorsr.models.image_checks import checked_sr
from priorsr.priors import parsing_picture
from priorsr.viz.overlays import draw_landmarks


class Meaning(NamedTuple):
    """The label of a score, its unit, and its number of decimals."""

    label: str
    unit: str
    digits: int


SCORES = {
    "psnr_y": Meaning("PSNR", "dB", 2),
    "parsing_iou": Meaning("parsing IoU", "", 3),
    "nme": Meaning("NME", "", 4),
}


def number(score: str, value: float) -> str:
    """Return a score's value as text, with the score's number of decimals."""
    return fixed(value, SCORES[score].digits)


def score_text(score: str, value: float) -> str:
    """Return a score with its label and unit: PSNR 24.71 dB."""
    meaning = SCORES[score]
    return f"{meaning.label} {number(score, value)} {meaning.unit}".rstrip()


class Columns(NamedTuple):
    """The columns of a strip: images by caption, and a line of text under each image by caption."""

    images: Mapping[str, list[Tensor]]
    notes: Mapping[str, list[str]]


class ProductScore(Protocol):
    """Scores a product, in eval mode, on batches on the CPU; NaN for a face that cannot be scored."""

    @property
    def name(self) -> str: ...

    def values(self, product: nn.Module, batch: Batch) -> Tensor: ...

    def references(self, batch: Batch) -> Mapping[str, Tensor]: ...

    def columns(self, product: nn.Module, batch: Batch) -> Columns: ...


class ModelScore:
    """PSNR on Y of a model's images, with bicubic as reference. Models that require a prior get the true one."""

    name = "psnr_y"

    def __init__(self, scoring: Scoring, bicubic: Bicubic) -> None:
        self._scoring = scoring
        self._bicubic = bicubic

    def values(self, product: nn.Module, batch: Batch) -> Tensor:
        """Return (B,) in dB."""
        return self._psnr(_enhanced(product, batch), batch.hr)

    def references(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return bicubic's score."""
        return {"bicubic": self._psnr(self._bicubic(batch.lr).sr, batch.hr)}

    def columns(self, product: nn.Module, batch: Batch) -> Columns:
        """Return LR, bicubic, SR and HR."""
        shown = {"bicubic": self._bicubic(batch.lr).sr, "SR": _enhanced(product, batch)}
        notes = {caption: self._notes(images, batch.hr) for caption, images in shown.items()}
        images = {f"LR, {batch.lr.shape[-1]} px": batch.lr, **shown, f"HR, {batch.hr.shape[-1]} px": batch.hr}
        return Columns({caption: list(column) for caption, column in images.items()}, notes)

    def _notes(self, sr: Tensor, hr: Tensor) -> list[str]:
        return [f"{number(self.name, value)} dB" for value in self._psnr(sr, hr).tolist()]

    def _psnr(self, sr: Tensor, hr: Tensor) -> Tensor:
        return self._scoring.score(sr, hr).per_image[self.name]


class EstimatorScore:
    """Accuracy of an estimator on HR images: IoU of parsing maps, or NME of landmarks, against the face set's priors.

    Both are computed per face and averaged: the IoU over the classes in either map, the NME over the valid landmarks,
    relative to the size of their box.
    """

    def __init__(self, name: Literal["parsing_iou", "nme"]) -> None:
        self.name: str = name

    def values(self, product: nn.Module, batch: Batch) -> Tensor:
        """Return (B,)."""
        return self._compare(_estimated(product, batch.hr), batch.prior)

    def references(self, _: Batch) -> Mapping[str, Tensor]:
        """Return no references: there is no estimate without an estimator."""
        return {}

    def columns(self, product: nn.Module, batch: Batch) -> Columns:
        """Return HR, the estimate and the ground truth."""
        found = _estimated(product, batch.hr)
        notes = {"estimated": [number(self.name, value) for value in self._compare(found, batch.prior).tolist()]}
        images = {
            "HR": list(batch.hr),
            "estimated": self._drawn(batch.hr, found, batch.prior.valid),
            "truth": self._drawn(batch.hr, batch.prior, batch.prior.valid),
        }
        return Columns(images, notes)

    def _compare(self, found: Prior, truth: Prior) -> Tensor:
        if self.name == "parsing_iou":
            ours, theirs = (_known(prior.parsing, "parsing map") for prior in (found, truth))
            return face_iou(ours, theirs, theirs.shape[1])
        landmarks = _known(truth.landmarks, "landmarks")
        return nme(_known(found.landmarks, "landmarks"), landmarks, truth.valid, normaliser="size")

    def _drawn(self, hr: Tensor, prior: Prior, valid: Tensor | None) -> list[Tensor]:
        if self.name == "parsing_iou":
            return list(parsing_picture(_known(prior.parsing, "parsing map")))
        return list(draw_landmarks(hr, _known(prior.landmarks, "landmarks"), valid))


def prior_given(product: nn.Module) -> Literal["none", "ground-truth"]:
    """Return the prior that a product receives with LR in validation."""
    return "ground-truth" if getattr(product, "prior", "none") == "required" else "none"


def _enhanced(model: nn.Module, batch: Batch) -> Tensor:
    output = _applied(model, batch.lr, *([] if prior_given(model) == "none" else [batch.prior]))
    return checked_sr(output, batch, type(model).__name__)


def _estimated(estimator: nn.Module, hr: Tensor) -> Prior:
    prior: Prior = _applied(estimator, hr)[0]
    return prior


def _applied(module: nn.Module, *inputs: Tensor | Prior) -> Any:
    """Return a module's result on the CPU, where scores are computed, for inputs on the CPU."""
    device = next((tensor.device for tensor in module.parameters()), torch.device("cpu"))
    result = module(*tree_map_only(Tensor, lambda tensor: tensor.to(device), inputs))
    return tree_map_only(Tensor, Tensor.cpu, result)


def _known(tensor: Tensor | None, what: str) -> Tensor:
    if tensor is None:
        raise PriorsrError(f"an estimator is validated by its {what}; the estimator or the faces have none")
    return tensor
