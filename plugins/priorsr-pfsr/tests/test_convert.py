"""Checkpoints that only resemble the released ones are told, by file and layout."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from priorsr.errors import DataError
from priorsr.models import convert_released
from priorsr_pfsr.convert import _rename

HEAD = {"to_rgb.0.weight": torch.ones(3, 4, 1, 1), "step1.0.weight": torch.ones(8, 3, 3, 3)}
BLOCK = {"step1.3.conv.0.conv.weight_orig": torch.ones(8, 8, 3, 3)}


@pytest.mark.parametrize(
    ("released", "ours"),
    [
        ("to_rgb.2.bias", "upsampler.heads.2.bias"),
        ("step1.0.weight", "stem.0.weight"),
        ("step1.1.running_var", "stem.1.running_var"),
        ("step1.3.conv.0.conv.weight_orig", "upsampler.steps.0.0.conv1.weight"),
        ("step1.3.conv.4.bias", "upsampler.steps.0.0.norm2.bias"),
        ("step1.4.weight", "upsampler.steps.0.1.conv.weight"),
        ("step3.0.conv.3.conv.bias", "upsampler.steps.2.0.conv2.bias"),
        ("step3.2.running_mean", "upsampler.steps.2.2.running_mean"),
        ("optimiser.state", "optimiser.state"),
    ],
)
def test_names(released: str, ours: str) -> None:
    assert _rename(released) == ours


def test_a_misfit_is_told(tmp_path: Path) -> None:
    torch.save({"model_state_dict": HEAD | BLOCK}, tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"a\.pth: the tensor 'stem.0.bias' is absent"):
        convert_released(tmp_path / "a.pth")
    torch.save({"model_state_dict": HEAD | BLOCK | {"to_rgb.2.weight": torch.ones(3)}}, tmp_path / "b.pth")
    with pytest.raises(DataError, match=r"b\.pth: cannot be converted from the layout 'PFSR generator' \(KeyError"):
        convert_released(tmp_path / "b.pth")
