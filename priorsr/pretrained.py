"""Pretrained weights that others publish, in torch's own cache."""

from __future__ import annotations

from pathlib import Path

from priorsr.errors import MissingWeightsError


def hub_weights(url: str, whose: str, *, fetch: bool = False) -> Path:
    """The file of `url` in torch's own cache, downloaded into it if it is absent and `fetch` is set.

    Raises MissingWeightsError naming `whose` weights, file and folder if they are absent and not asked for, or cannot
    be fetched.
    """
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if path.is_file():
        return path
    missing = f"{whose} weights are absent: put {path.name} into {path.parent}"
    if not fetch:
        raise MissingWeightsError(f"{missing}, or say fetch=True, which downloads {url}")
    try:
        torch.hub.load_state_dict_from_url(url, check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:  # no network, or another file than its hash says
        raise MissingWeightsError(f"{missing}, since {url} cannot be fetched ({error})") from error
    return path
