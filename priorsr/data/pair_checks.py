"""Checks of the items of a Dataset of pairs, whose sentences name the item, the value and what was expected."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import DataError

_OVERSHOOT = 0.5  # of LR in [0, 1], where a kernel's result is not rounded to 8 bits
_ROUNDING = 0.5 / 255
_TIMES_255 = 4.0  # above which values are taken for 0 to 255


class Pair(NamedTuple):
    """A face. lr: (3,h,w). hr: (3,H,W). prior: its parts without a batch, with `valid` wherever there are landmarks."""

    lr: Tensor
    hr: Tensor
    prior: Prior


def checked_pair(item: Any, who: str) -> Pair:
    """Return an item of a Dataset as a pair, on the CPU in float32; raises DataError, beginning with `who`."""
    if not isinstance(item, tuple | list) or len(item) not in (2, 3):
        count = f" of {len(item)}" if isinstance(item, tuple | list) else ""
        raise DataError(f"{who}: is a {_type(item)}{count}; (lr, hr) or (lr, hr, Prior) was expected")
    lr, hr = _image(item[0], f"{who}: lr", _OVERSHOOT), _image(item[1], f"{who}: hr", _ROUNDING)
    prior = item[2] if len(item) == 3 else None
    if prior is not None and not isinstance(prior, Prior):
        raise DataError(
            f"{who}: its third part is a {_type(prior)}; a priorsr.Prior, such as Prior(parsing=...), was expected"
        )
    return Pair(lr, hr, _prior(prior or Prior(), hr, who))


def _image(given: Any, who: str, overshoot: float) -> Tensor:
    wanted = "a floating-point tensor (3, height, width) in [0, 1]"
    if not isinstance(given, Tensor):
        raise DataError(f"{who} is a {_type(given)}; {wanted} was expected")
    if given.ndim != 3 or given.shape[0] != 3 or 0 in given.shape:
        hint = "; permute(2, 0, 1) brings the channels to the front" if given.shape[2:] == (3,) else ""
        raise DataError(f"{who} has the shape {tuple(given.shape)}; {wanted} was expected{hint}")
    if not given.is_floating_point():
        hint = "; images of 0 to 255 are divided by 255 first" if given.dtype == torch.uint8 else ""
        raise DataError(f"{who} is {_dtype(given)}; {wanted} was expected{hint}")
    image = given.detach().cpu().float()
    low, high = image.min().item(), image.max().item()
    if not image.isfinite().all():
        raise DataError(f"{who} holds NaN or infinity; {wanted} was expected")
    if low < -overshoot or high > 1 + overshoot:
        hint = "; images of 0 to 255 are divided by 255 first" if high > _TIMES_255 else ""
        raise DataError(f"{who} has values from {low:.4g} to {high:.4g}; {wanted} was expected{hint}")
    return image


def _prior(prior: Prior, hr: Tensor, who: str) -> Prior:
    height, width = hr.shape[1:]
    parsing, landmarks, valid, heatmaps = prior
    if parsing is not None:
        wanted = f"class probabilities (classes, {height}, {width}) in [0, 1]"
        parsing = _part(parsing, f"{who}: the prior's parsing", wanted)
        if parsing.ndim != 3 or tuple(parsing.shape[1:]) != (height, width):
            _misshapen(f"{who}: the prior's parsing", parsing, wanted)
        if parsing.min() < -1e-3 or parsing.max() > 1 + 1e-3:
            low, high = parsing.min().item(), parsing.max().item()
            raise DataError(
                f"{who}: the prior's parsing has values from {low:.4g} to {high:.4g}; {wanted} was expected"
            )
    if landmarks is not None:
        wanted = "points (count, 2), (x, y) in HR pixels"
        landmarks = _part(landmarks, f"{who}: the prior's landmarks", wanted)
        if landmarks.ndim != 2 or landmarks.shape[1] != 2:
            _misshapen(f"{who}: the prior's landmarks", landmarks, wanted)
        valid = torch.ones(len(landmarks), dtype=torch.bool) if valid is None else valid
    if valid is not None:
        if landmarks is None or not isinstance(valid, Tensor) or valid.shape != landmarks.shape[:1]:
            shape = tuple(valid.shape) if isinstance(valid, Tensor) else f"of a {_type(valid)}"
            raise DataError(f"{who}: the prior's valid is {shape}; one truth value for each landmark was expected")
        valid = valid.detach().cpu().bool()
    if heatmaps is not None:
        wanted = "maps (landmarks, height, width)"
        heatmaps = _part(heatmaps, f"{who}: the prior's heatmaps", wanted)
        if heatmaps.ndim != 3:
            _misshapen(f"{who}: the prior's heatmaps", heatmaps, wanted)
    return Prior(parsing, landmarks, valid, heatmaps)


def _part(given: Any, who: str, wanted: str) -> Tensor:
    if not isinstance(given, Tensor):
        raise DataError(f"{who} is a {_type(given)}; a tensor of {wanted} was expected")
    if not given.is_floating_point():
        raise DataError(f"{who} is {_dtype(given)}; floating-point {wanted} was expected")
    part = given.detach().cpu().float()
    if not part.isfinite().all():
        raise DataError(f"{who} holds NaN or infinity; {wanted} was expected")
    return part


def _misshapen(who: str, given: Tensor, wanted: str) -> NoReturn:
    raise DataError(f"{who} has the shape {tuple(given.shape)}; {wanted} was expected")


def _type(value: object) -> str:
    module = type(value).__module__
    return type(value).__qualname__ if module == "builtins" else f"{module}.{type(value).__qualname__}"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
