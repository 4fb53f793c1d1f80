"""Checkpoints that only resemble the released ones are told, by file and layout."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from priorsr.errors import DataError
from priorsr.models import convert_released

HEAD, DOWN = {"head.0.weight": torch.ones(8, 3, 3, 3)}, {"down1.1.weight": torch.ones(8, 32, 3, 3)}
TAIL = {"tail.0.weight": torch.ones(3, 8, 3, 3)}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (HEAD | DOWN, "layout 'KDFSRNet student, layout net .* \\(KeyError: 'tail.0.weight'"),
        ({"head.0.weight": torch.ones(8)} | DOWN, "layout 'KDFSRNet student, layout net .* \\(IndexError"),
        (HEAD | DOWN | TAIL | {"aaa": torch.ones(1)}, "the tensor 'aaa' is \\(1,\\); none of that name"),
    ],
)
def test_a_misfit_is_told(state: dict[str, torch.Tensor], message: str, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(DataError, match=rf"a\.pth: .*{message}"):
        convert_released(tmp_path / "a.pth")
