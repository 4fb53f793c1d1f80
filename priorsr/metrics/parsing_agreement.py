"""Whether a face is still parsed as its HR image is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.metrics.parsing_iou import face_iou
from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map, check_same


class ParsingAgreement(nn.Module):
    """The mean IoU of the parsing maps that an estimator finds in SR and in HR, over the classes that it finds there.

    estimator: of kind `estimator`, for parsing maps. A network that helped to train a model should not judge it.

    Shapes: sr and hr (B,3,H,W), the same -> (B,). A misfit raises ShapeError, an estimator without parsing maps
        OptionError.
    Range: images in [0, 1]; 1 is the same map, 0 a map without an agreeing pixel. Computed in the estimator's
        precision.
    Source: the parsing consistency of the field (as in FSRNet, CVPR 2018, by a parsing network). Departure: the truth
        is what the estimator finds in HR, so that its own errors on faces do not count.
    """

    kind = "score"
    higher_is_better = True

    def __init__(self, estimator: PartSpec = "parsing_net") -> None:
        super().__init__()
        self.estimator = build_part("estimator", estimator).eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "parsing agreement", "sr")
        check_same(sr, hr, "parsing agreement", "sr and hr")
        found, wanted = self._parsed(sr), self._parsed(hr)
        scores = face_iou(found, wanted, wanted.shape[1])
        return scores.to(torch.promote_types(sr.dtype, torch.float32))

    def _parsed(self, images: Tensor) -> Tensor:
        weight = next(self.estimator.parameters(), images)
        parsing: Tensor | None = self.estimator(images.to(weight.dtype).clamp(0, 1))[0].parsing
        if parsing is None:
            raise OptionError(
                f"parsing agreement: the estimator {type(self.estimator).__name__} gives no parsing map; one that does "
                "was expected"
            )
        return parsing
