"""Conversion of published weights of PFSR: the generator, and the distilled FAN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from priorsr.models import ReleasedLayout
from priorsr_pfsr.config import PFSRConfig

# The modules of a released step; the first step also begins with our stem: convolution, normalisation and ReLU.
_STEP = {
    "0.conv.0.conv": "0.conv1",
    "0.conv.1": "0.norm1",
    "0.conv.3.conv": "0.conv2",
    "0.conv.4": "0.norm2",
    "1": "1.conv",
    "2": "2",
}
_STEM = 3


def _generator(state: Mapping[str, Tensor]) -> tuple[PFSRConfig, dict[str, Tensor]]:
    steps = len({key.split(".")[1] for key in state if key.startswith("to_rgb.")})
    widths = (state["step1.0.weight"].shape[0], *(state[f"to_rgb.{n}.weight"].shape[1] for n in range(steps)))
    return PFSRConfig(widths=widths, scale=2**steps), {_rename(key): value for key, value in state.items()}


def _rename(key: str) -> str:
    """Return our name for a published one; other names stay unchanged, and the final check reports them."""
    path, _, leaf = key.rpartition(".")
    leaf = leaf.removesuffix("_orig")  # an equalised convolution's weight, before it is scaled
    if match := re.fullmatch(r"to_rgb\.(\d+)", path):
        return f"upsampler.heads.{match[1]}.{leaf}"
    match = re.fullmatch(r"step(\d+)\.(\d+)(.*)", path)
    if match is None:
        return key
    step, place = int(match[1]) - 1, int(match[2])
    if step == 0:
        if place < _STEM:
            return f"stem.{place}.{leaf}"
        place -= _STEM
    part = f"{place}{match[3]}"
    return f"upsampler.steps.{step}.{_STEP.get(part, part)}.{leaf}"


def _is_generator(state: Mapping[str, Tensor]) -> bool:
    return {"to_rgb.0.weight", "step1.0.weight", "step1.3.conv.0.conv.weight_orig"} <= state.keys()


def _fan(state: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    # By number, since a module that was saved whole has its tensors in its constructor's order.
    layers = {
        int(match[1]): value.shape[0]
        for key, value in state.items()
        if value.ndim == 4 and (match := re.fullmatch(r"layers\.(\d+)\.weight", key))
    }
    *inner, last = (state["conv.weight"].shape[0], *(layers[number] for number in sorted(layers)))
    return {"widths": tuple(inner), "landmarks": last}, dict(state)


def _is_fan(state: Mapping[str, Tensor]) -> bool:
    return {"conv.weight", "layers.0.weight", "layers.1.running_mean", "layers.9.weight"} <= state.keys()


GENERATOR_LAYOUTS = (ReleasedLayout("PFSR generator", _is_generator, _generator),)
FAN_LAYOUTS = (ReleasedLayout("PFSR distilled FAN", _is_fan, _fan),)
