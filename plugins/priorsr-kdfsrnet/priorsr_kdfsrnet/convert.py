"""Conversion of published weights of KDFSRNet.

Two layouts of the same network were released: `net` (CelebA, Helen), whose down and up stages are Sequential
(`down1.1.weight`), and `net1` (FFHQ), where they are modules (`down1.conv.weight`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from priorsr.models import ReleasedLayout
from priorsr_kdfsrnet.config import KDFSRNetConfig, KDFSRNetTeacherConfig

_LEVELS = 4
_UNUSED = ("sub_mean.", "add_mean.")  # the student's unused mean shifts
_BLOCK = {
    "body.0": "conv1",
    "body.2": "conv2",
    "body.3.conv_du.0": "attention.squeeze",
    "body.3.conv_du.2": "attention.excite",
}


def _student(state: Mapping[str, Tensor]) -> tuple[KDFSRNetConfig, dict[str, Tensor]]:
    return KDFSRNetConfig(width=_width(state), depth=_depth(state)), _renamed(state)


def _teacher(state: Mapping[str, Tensor]) -> tuple[KDFSRNetTeacherConfig, dict[str, Tensor]]:
    ours = _renamed(state)
    head = ours["head.weight"]  # (width, 6, 3, 3): the image's three channels, then the picture's
    ours["head.weight"], ours["fusion.0.conv.weight"] = head[:, :3].contiguous(), head[:, 3:].contiguous()
    # The colours of its pictures are not published, so it takes pictures, not classes.
    return KDFSRNetTeacherConfig(width=_width(state), depth=_depth(state), prior_channels=3), ours


def _renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {_rename(key): value for key, value in state.items() if not key.startswith(_UNUSED)}


def _rename(key: str) -> str:
    """Return our name for a published one; other names stay unchanged, and the final check reports them."""
    path, dot, leaf = key.rpartition(".")
    if match := re.fullmatch(r"(down|up)(\d)\.(?:[01]|conv)", path):
        return f"{match[1]}.{int(match[2]) - 1}.conv.{leaf}"
    if match := re.fullmatch(r"(?:(down|up)_stage(\d)|bottleneck)\.(\d+)\.(body\..+)", path):
        return f"stages.{_stage(match[1], match[2])}.{match[3]}.{_BLOCK.get(match[4], match[4])}.{leaf}"
    return f"{path.removesuffix('.0')}{dot}{leaf}"


def _stage(side: str | None, level: str | None) -> int:
    if side is None or level is None:
        return _LEVELS
    return int(level) - 1 + (0 if side == "down" else _LEVELS + 1)


def _width(state: Mapping[str, Tensor]) -> int:
    return state["tail.0.weight"].shape[1]


def _depth(state: Mapping[str, Tensor]) -> int:
    return len({key.split(".")[1] for key in state if key.startswith("bottleneck.")})


def _layouts(who: str, head_channels: int, convert: Callable[..., Any]) -> tuple[ReleasedLayout, ...]:
    def matches(key: str) -> Callable[[Mapping[str, Tensor]], bool]:
        return lambda state: (
            key in state and "head.0.weight" in state and state["head.0.weight"].shape[1] == head_channels
        )

    return (
        ReleasedLayout(f"KDFSRNet {who}, layout net (CelebA, Helen)", matches("down1.1.weight"), convert),
        ReleasedLayout(f"KDFSRNet {who}, layout net1 (FFHQ)", matches("down1.conv.weight"), convert),
    )


STUDENT_LAYOUTS = _layouts("student", 3, _student)
TEACHER_LAYOUTS = _layouts("teacher", 6, _teacher)
