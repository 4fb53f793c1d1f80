"""From a face's prior to the one map that a fusion asks for."""

from __future__ import annotations

from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.priors import draw_heatmaps
from priorsr.types import Prior


def prior_map(prior: Prior | None, wanted: str, channels: int, size: tuple[int, int], who: str) -> Tensor:
    """The map (B,channels,h,w) that a fusion with `prior = wanted` steers by, for HR images of `size`.

    "parsing" takes prior.parsing; "heatmaps" takes prior.heatmaps, or draws prior.landmarks at a quarter of the HR size
    with sigma 1, as DIC does; "any" takes parsing where there is one, else heatmaps. Raises PriorsrError if the prior
    lacks it, ShapeError if it has another number of channels.
    """
    prior = prior or Prior()
    found = prior.parsing if wanted in ("parsing", "any") else None
    if found is None and wanted in ("heatmaps", "any"):
        found = prior.heatmaps
        if found is None and prior.landmarks is not None:
            found = draw_heatmaps(prior.landmarks, prior.valid, (size[0] // 4, size[1] // 4), scale=4)
    if found is None:
        has = [name for name, value in prior._asdict().items() if value is not None]
        expected = {"parsing": "parsing", "heatmaps": "heatmaps or landmarks"}.get(
            wanted, "parsing, heatmaps or landmarks"
        )
        raise PriorsrError(f"{who}: the prior has {' and '.join(has) or 'nothing'}; {expected} was expected")
    if found.ndim != 4 or found.shape[1] != channels:
        raise ShapeError(f"{who}: the prior map has shape {tuple(found.shape)}; (B, {channels}, h, w) was expected")
    return found
