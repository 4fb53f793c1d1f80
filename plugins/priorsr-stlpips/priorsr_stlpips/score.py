"""Shift-tolerant LPIPS as a score."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from priorsr.errors import DataError, MissingWeightsError, ShapeError
from priorsr.files import require_extra
from priorsr.shapes import check_map, check_same
from priorsr_stlpips.network import ShiftTolerantAlexNet

PACKAGE, FILE = "stlpips_pytorch", "weights/vST0.0/alex_shift_tolerant.pth"
SMALLEST = 21  # least pixels of a side, for features large enough to be mirrored


class ShiftTolerantLPIPS(nn.Module):
    """The learned perceptual distance of SR and HR, by the shift-tolerant LPIPS on AlexNet.

    It is not LPIPS: network, weights and values differ, and values are not comparable with LPIPS in papers. An
    invisible shift by one pixel hardly changes it. Its weights come with the package stlpips-pytorch, whose code is not
    imported, since it needs packages that it does not declare.

    Raises MissingExtraError without the package, MissingWeightsError if the package lacks the weights.

    Shapes: sr and hr (B,3,H,W), sides from 21 -> (B,). Wrong shapes raise ShapeError.
    Range: images in [0, 1], which the network sees in [-1, 1]; 0 for equal images, seldom above 1.
    Source: Ghildyal and Liu, "Shift-tolerant perceptual similarity metric" (ECCV 2022), version ST0.0 of its weights.
    """

    kind = "score"
    label = "ST-LPIPS"
    higher_is_better = False
    bounds = (0.0, math.inf)
    networks = ("ShiftTolerantLPIPS", "ShiftTolerantAlexNet")

    def __init__(self) -> None:
        super().__init__()
        self.network = ShiftTolerantAlexNet()
        self.network.load_state_dict(_published(_weights_file()))
        self.requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "st_lpips", "sr")
        check_same(sr, hr, "st_lpips", "sr and hr")
        if min(sr.shape[2:]) < SMALLEST:
            raise ShapeError(
                f"st_lpips: the images are {sr.shape[2]} x {sr.shape[3]}; sides from {SMALLEST} were expected"
            )
        precision = next(self.network.parameters()).dtype
        distances = self.network(2 * sr.to(precision) - 1, 2 * hr.to(precision) - 1)
        return distances.to(torch.promote_types(sr.dtype, torch.float32))


def _weights_file() -> Path:
    require_extra(PACKAGE, "bench")
    spec = find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    raise MissingWeightsError(f"the package {PACKAGE!r} lacks {FILE}: install stlpips-pytorch anew")


def _published(path: Path) -> dict[str, Any]:
    """Return the weights of the package's network under the names of ours."""
    try:
        theirs = torch.load(path, map_location="cpu", weights_only=True)
        layers = [name for name in theirs if name.startswith("net.") and name.endswith((".weight", ".bias"))]
        ours = [f"convolutions.{index}.{part}" for index in range(5) for part in ("weight", "bias")]
        renamed = dict(zip(ours, (theirs[name] for name in layers), strict=True))
        return renamed | {f"weights.{index}.weight": theirs[f"lin{index}.model.1.weight"] for index in range(5)}
    except Exception as error:  # torch.load raises anything on a broken file
        raise DataError(f"{path}: does not hold the weights of ST-LPIPS ({type(error).__name__})") from error
