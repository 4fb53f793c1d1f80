"""Pretrained weights that others publish, in torch's own cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from priorsr.errors import DataError, MissingWeightsError

if TYPE_CHECKING:
    from torch import nn

UNTRAINED = "untrained"
"""Given as weights: none, so that a network is as it was initialised."""


def hub_path(name: str) -> Path:
    """Return the path of a file of weights in torch's own cache, whether it exists or not."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / name


def hub_weights(url: str, whose: str, *, fetch: bool = False) -> Path:
    """Return the file of `url` in torch's own cache, downloaded into it if it is absent and `fetch` is set.

    Raises MissingWeightsError naming `whose` weights, file and folder if they are absent and `fetch` is not set, or
    cannot be fetched.
    """
    import torch

    path = hub_path(url.rsplit("/", 1)[-1])
    if path.is_file():
        return path
    missing = f"{whose} weights are absent: put {path.name} into {path.parent}"
    if not fetch:
        raise MissingWeightsError(f"{missing}, or pass fetch=True, which downloads {url}")
    try:
        torch.hub.load_state_dict_from_url(url, check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:  # no network, or another file than its hash says
        raise MissingWeightsError(f"{missing}, since {url} cannot be fetched ({error})") from error
    return path


def load_published(network: nn.Module, path: str | Path, which: str) -> None:
    """Load a file of published weights (.pth), called `which` where they are missed, into their network.

    Raises DataError naming a file that is absent, broken, or holds something else.
    """
    from priorsr.reading.fitting import load_fitting, with_counts
    from priorsr.reading.pth.state_dicts import read_state_dict

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; {which} were expected")
    try:
        load_fitting(network, with_counts(network, read_state_dict(path)), path)
    except DataError as error:
        raise DataError(f"{path}: does not hold {which}: {str(error).removeprefix(f'{path}: ')}") from error
