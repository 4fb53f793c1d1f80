"""Released checkpoints are read without executing anything; a layout that nobody knows is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from priorsr.errors import BrokenPluginError, DataError
from priorsr.models import ReleasedLayout, released
from priorsr.models.released import convert_released, read_released


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"module." + key: value for key, value in state.items()},
        lambda state: {"net": {"model_state_dict": state}},
        lambda state: {"state_dict": state, "optimizer": {"state": {0: {"exp_avg": torch.ones(1)}}}},
        lambda state: {"optimizer": {"state": {0: {"exp_avg": torch.ones(1)}}}, "params": state, "params_ema": state},
        lambda state: {"model": state, "args": {"lr": 1e-4}},
        lambda state: {"weights": state, "args": {"lr": 1e-4}},
        lambda state: {"state_dict": state, "step": torch.tensor(3)},
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
    torch.save({"epoch": 3, "args": {"lr": 1e-4}}, path)
    with pytest.raises(DataError, match="holds no tensors"):
        read_released(path)
    torch.save({"g": {"a": torch.ones(1)}, "d": {"a": torch.ones(1)}}, path)
    with pytest.raises(DataError, match=r"holds 2 groups of weights \(g, d\)"):
        read_released(path)


def test_an_unknown_layout_is_told(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.ones(2)}, tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"holds 1 tensors \(a.weight, \.\.\.\)"):
        convert_released(tmp_path / "a.pth")


class Toy(torch.nn.Linear):
    """A model whose released layout calls its tensors theirs.weight and theirs.bias."""

    def __init__(self, config: int) -> None:
        super().__init__(config, 1)

    released = (
        ReleasedLayout(
            "toy",
            matches=lambda state: state["theirs.weight"].shape[0] == 1,
            convert=lambda state: (
                state["theirs.weight"].shape[1],
                {key.removeprefix("theirs."): value for key, value in state.items()},
            ),
        ),
    )


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(kind: str, name: str) -> type:
        if name == "broken":
            raise BrokenPluginError("cannot be loaded")
        return Toy

    monkeypatch.setattr(released, "names", lambda kind: ["broken", "toy"] if kind == "model" else [])
    monkeypatch.setattr(released, "find", find)


@pytest.mark.usefixtures("toy")
def test_a_known_layout_becomes_a_model_in_eval_mode(tmp_path: Path) -> None:
    weight = torch.rand(1, 3)
    torch.save({"theirs.weight": weight, "theirs.bias": torch.rand(1)}, tmp_path / "a.pth")
    model, layout = convert_released(tmp_path / "a.pth")
    assert layout == "toy"
    assert torch.equal(model.weight, weight)
    assert not model.training


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("state", "error"), [({"a": torch.ones(1)}, "KeyError"), ({"theirs.weight": torch.ones(1)}, "IndexError")]
)
def test_a_layout_that_fails_is_named(state: dict[str, torch.Tensor], error: str, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(DataError, match=rf"a\.pth: cannot be converted from the layout 'toy' \({error}"):
        convert_released(tmp_path / "a.pth")


@pytest.mark.usefixtures("toy")
def test_broken_plugins_are_mentioned_where_no_layout_fits(tmp_path: Path) -> None:
    torch.save({"theirs.weight": torch.ones(2, 3)}, tmp_path / "a.pth")
    with pytest.raises(DataError, match="one of toy was expected .the layouts of broken are unknown"):
        convert_released(tmp_path / "a.pth")
