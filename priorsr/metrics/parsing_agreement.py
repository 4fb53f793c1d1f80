"""Parsing agreement: the similarity of the parsing maps of SR and HR."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.metrics.parsing_iou import face_iou, region_iou
from priorsr.priors import label_map
from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map, check_same


class ParsingAgreement(nn.Module):
    """The mean IoU of the parsing maps that an estimator finds in SR and in HR, over the classes in either.

    estimator: a parsing estimator. Do not score a model by a network that was used in its training.
    A subclass scores one part of the face by the IoU of one region, the classes in `part`; 1 if neither map has it.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). Wrong shapes raise ShapeError, an estimator without parsing maps
        OptionError.
    Range: images in [0, 1]; 1 for identical maps, 0 for maps without an agreeing pixel. Computed in the estimator's
        precision.
    Source: the parsing consistency of the field (as in FSRNet, CVPR 2018, by a parsing network). Departure: HR's
        estimated map is the ground truth, so that the estimator's own errors do not count.
    """

    kind = "score"
    higher_is_better = True
    bounds = (0.0, 1.0)
    needs = ("shared",)
    part: tuple[str, ...] | None = None

    def __init__(self, estimator: PartSpec = "parsing_net") -> None:
        super().__init__()
        self.estimator = build_part("estimator", estimator).eval().requires_grad_(False)
        self._name = estimator if isinstance(estimator, str) else None
        self.networks = (type(self.estimator).__name__,)

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor, shared: dict[Hashable, Tensor] | None = None) -> Tensor:
        check_map(sr, 3, "parsing agreement", "sr")
        check_same(sr, hr, "parsing agreement", "sr and hr")
        found, wanted = self._once("sr", sr, shared), self._once("hr", hr, shared)
        if self.part is None:
            scores = face_iou(found, wanted, wanted.shape[1])
        else:
            names = label_map(wanted.shape[1]).classes
            classes = torch.tensor([names.index(name) for name in self.part], device=wanted.device)
            scores = region_iou(*(torch.isin(maps.argmax(1), classes) for maps in (found, wanted)))
        return scores.to(torch.promote_types(sr.dtype, torch.float32))

    def _once(self, which: Literal["sr", "hr"], images: Tensor, shared: dict[Hashable, Tensor] | None) -> Tensor:
        """Estimate parsing maps once for all scores that share the estimator."""
        if shared is None or self._name is None:
            return self._parsed(images)
        key = ("parsing", self._name, which)
        if key not in shared:
            shared[key] = self._parsed(images)
        return shared[key]

    def _parsed(self, images: Tensor) -> Tensor:
        weight = next(self.estimator.parameters(), images)
        parsing: Tensor | None = self.estimator(images.to(weight.dtype).clamp(0, 1))[0].parsing
        if parsing is None:
            raise OptionError(
                f"parsing agreement: the estimator {type(self.estimator).__name__} gives no parsing map; one that does "
                "was expected"
            )
        return parsing


class EyesAgreement(ParsingAgreement):
    """Parsing agreement of the eyes.

    estimator: see `ParsingAgreement`.

    Shapes: see `ParsingAgreement`.
    Range: as there.
    Source: as there.
    """

    part = ("left eye", "right eye")


class NoseAgreement(ParsingAgreement):
    """Parsing agreement of the nose.

    estimator: see `ParsingAgreement`.

    Shapes: see `ParsingAgreement`.
    Range: as there.
    Source: as there.
    """

    part = ("nose",)


class MouthAgreement(ParsingAgreement):
    """Parsing agreement of the mouth, lips included.

    estimator: see `ParsingAgreement`.

    Shapes: see `ParsingAgreement`.
    Range: as there.
    Source: as there.
    """

    part = ("mouth", "upper lip", "lower lip")
