"""Conversion of published weights of DIC and DICGAN; both share a layout, bare or as `netG` in a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from priorsr.models import ReleasedLayout
from priorsr.registry import Part
from priorsr_dic.config import DICConfig

_STEPS = 4  # not in the weights, which are the same for all steps
_USUAL_FUSION_DEPTH = 7

_NAMES = {
    r"conv_in\.(.+)": r"conv_in.0.\1",
    r"out\.(.+)": r"out.0.\1",
    r"conv_out\.0\.(.+)": r"out.1.\1",
    r"(first_block|block)\.upBlocks\.(.+)": r"\1.up.\2",
    r"(first_block|block)\.downBlocks\.(.+)": r"\1.down.\2",
    r"block\.fusion_block\.conv_in\.0\.(.+)": r"block.fusion.conv_in.\1",
    r"block\.fusion_block\.resnet\.(\d+)\.res\.0\.(.+)": r"block.fusion.blocks.\1.conv1.\2",
    r"block\.fusion_block\.resnet\.(\d+)\.res\.2\.(.+)": r"block.fusion.blocks.\1.conv2.\2",
    r"HG\.compress_in\.(.+)": r"hourglass.compress_in.\1",
    r"HG\.pre_conv_block\.(.+)": r"hourglass.stem.\1",
    r"HG\.hg\.res_center\.(.+)": r"hourglass.hourglass.centre.\1",
    r"HG\.hg_conv_out\.0\.(.+)": r"hourglass.head.0.\1",
    r"HG\.hg_conv_out\.1\.conv_block\.0\.(.+)": r"hourglass.head.1.\1",
    r"HG\.hg_conv_out\.2\.(.+)": r"hourglass.head.3.\1",
}
_SQUEEZES = {"uptranBlocks": "squeeze_lr", "downtranBlocks": "squeeze_hr"}
_RESIDUALS = {"1": "keep", "2": "before", "3": "after"}


def _convert(state: Mapping[str, Tensor]) -> tuple[DICConfig, dict[str, Tensor]]:
    fusion_depth = _count(state, r"block\.fusion_block\.resnet\.(\d+)\.")
    heatmaps = state["HG.hg_conv_out.2.weight"]
    config = DICConfig(
        scale=2 * _factor(state["out.0.weight"]),
        width=state["conv_out.0.weight"].shape[1],
        groups=_count(state, r"block\.upBlocks\.(\d+)\."),
        steps=_STEPS,
        projection=_factor(state["block.upBlocks.0.0.weight"]),
        fusion="landmark_attentive"
        if fusion_depth == _USUAL_FUSION_DEPTH
        else Part("landmark_attentive", depth=fusion_depth),
        landmarks=heatmaps.shape[0],
        hourglass_width=heatmaps.shape[1],
        hourglass_depth=_depth(state),
    )
    return config, {_rename(key, config.hourglass_depth): value for key, value in state.items()}


def _rename(key: str, depth: int) -> str:
    """Return our name for a published one; other names stay unchanged, and the final check reports them."""
    if match := re.fullmatch(r"(first_block|block)\.(uptranBlocks|downtranBlocks)\.(\d+)\.(.+)", key):
        return f"{match[1]}.{_SQUEEZES[match[2]]}.{int(match[3]) + 1}.{match[4]}"  # the first group has none
    if match := re.fullmatch(r"HG\.hg\.res(\d+)_([123])\.(.+)", key):  # theirs are numbered from the coarsest, 1
        key = f"hourglass.hourglass.{_RESIDUALS[match[2]]}.{depth - int(match[1])}.{match[3]}"
    for theirs, ours in _NAMES.items():
        if match := re.fullmatch(theirs, key):
            key = match.expand(ours)
            break
    return key.replace(".conv_block.", ".body.").replace(".skip_layer.", ".skip.")


def _factor(kernel: Tensor) -> int:
    """Return the factor by which a transposed convolution enlarges: its kernel is 4 wider."""
    return kernel.shape[-1] - 4


def _depth(state: Mapping[str, Tensor]) -> int:
    return _count(state, r"HG\.hg\.res(\d+)_1\.")


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """Return the number of different numbers that the names have in the pattern's group."""
    return len({match[1] for key in state if (match := re.match(pattern, key))})


LAYOUTS = (
    ReleasedLayout(
        "DIC or DICGAN",
        lambda state: "HG.pre_conv_block.0.weight" in state and "first_block.compress_in.0.weight" in state,
        _convert,
    ),
)
