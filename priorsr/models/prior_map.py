"""Convert a face's prior to the map that a fusion needs."""

from __future__ import annotations

from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import PriorsrError
from priorsr.priors import draw_heatmaps
from priorsr.shapes import check_batch, check_map

PRIOR_CHANNELS = {"parsing": 19, "heatmaps": 68, "any": 19}
"""Channels of the map that a fusion wants, where nothing else is said: `celebamask-19` and `ibug-68`."""


def prior_map(prior: Prior | None, wanted: str, channels: int, image: Tensor, who: str) -> Tensor:
    """Return the map (B,channels,h,w) for a fusion with `prior = wanted`, given enlarged images (B,3,H,W).

    "parsing" takes prior.parsing; "heatmaps" takes prior.heatmaps, or draws prior.landmarks at a quarter of the HR size
    with sigma 1, as DIC does; "any" takes parsing if there is one, else heatmaps. Raises PriorsrError if the prior
    lacks the map, ShapeError for another number of channels or faces.
    """
    prior = prior or Prior()
    found = prior.parsing if wanted in ("parsing", "any") else None
    if found is None and wanted in ("heatmaps", "any"):
        found = prior.heatmaps
        if found is None and prior.landmarks is not None:
            found = draw_heatmaps(prior.landmarks, prior.valid, (image.shape[2] // 4, image.shape[3] // 4), scale=4)
    if found is None:
        has = [name for name in ("parsing", "landmarks", "heatmaps") if getattr(prior, name) is not None]
        expected = {"parsing": "parsing", "heatmaps": "heatmaps or landmarks"}.get(
            wanted, "parsing, heatmaps or landmarks"
        )
        raise PriorsrError(f"{who}: the prior has {' and '.join(has) or 'nothing'}; {expected} was expected")
    check_map(found, channels, who, "prior map")
    check_batch(image, found, who, "image and prior map")
    return found
