"""Released checkpoints are read without executing anything; a layout that nobody knows is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from priorsr.errors import DataError
from priorsr.models.released import convert_released, read_released


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"module." + key: value for key, value in state.items()},
        lambda state: {"net": {"model_state_dict": state}},
    ],
)
def test_wrapped_state_dicts_are_found(wrap, tmp_path: Path) -> None:
    torch.save(wrap({"a.weight": torch.ones(2)}), tmp_path / "a.pth")
    assert read_released(tmp_path / "a.pth").keys() == {"a.weight"}


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_file_that_would_execute_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Evil()}, "a.pth")
    with pytest.raises(DataError, match="refused, since loading it could execute code"):
        read_released(Path("a.pth"))
    assert not Path("executed").exists()


def test_what_is_no_checkpoint_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with pytest.raises(DataError, match="there is no such file"):
        read_released(path)
    path.write_text("text")
    with pytest.raises(DataError, match=r"a\.pth"):
        read_released(path)
    torch.save([1, 2], path)
    with pytest.raises(DataError, match="holds a list"):
        read_released(path)
    torch.save({"g": {"a": torch.ones(1)}, "d": {"a": torch.ones(1)}}, path)
    with pytest.raises(DataError, match="holds 2 groups of weights"):
        read_released(path)


def test_an_unknown_layout_is_told(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.ones(2)}, tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"holds 1 tensors \(a.weight, \.\.\.\)"):
        convert_released(tmp_path / "a.pth")
