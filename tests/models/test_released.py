"""Released checkpoints become models of ours; a layout that nobody knows is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from priorsr.errors import BrokenPluginError, DataError
from priorsr.models import ReleasedLayout, released
from priorsr.models.released import convert_released


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


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("bias", "sentence"),
    [
        (torch.tensor([float("nan")]), "the tensor 'bias' holds NaN or infinity"),
        (torch.tensor([1e300], dtype=torch.float64), "the tensor 'bias' holds NaN or infinity"),
        (torch.ones(1, dtype=torch.complex64), "the tensor 'bias' holds complex numbers"),
        (torch.ones(1, dtype=torch.int64), "the tensor 'bias' holds whole numbers"),
        (torch.ones(1, dtype=torch.bool), "the tensor 'bias' holds truth numbers"),
        (torch.ones(2), "the tensor 'bias' is (2,); (1,) was expected by Toy"),
    ],
)
def test_numbers_that_no_module_can_use_are_refused(bias: torch.Tensor, sentence: str, tmp_path: Path) -> None:
    torch.save({"theirs.weight": torch.rand(1, 3), "theirs.bias": bias}, tmp_path / "a.pth")
    with pytest.raises(DataError) as raised:
        convert_released(tmp_path / "a.pth")
    assert str(raised.value).startswith(f"{tmp_path / 'a.pth'}: {sentence}")


@pytest.mark.usefixtures("toy")
def test_a_network_much_larger_than_its_file_is_not_built(tmp_path: Path) -> None:
    torch.save({"theirs.weight": torch.empty(1, 2**20, 0), "theirs.bias": torch.rand(1)}, tmp_path / "a.pth")
    with pytest.raises(DataError, match="describes a network that is much larger than its tensors, at 'weight'"):
        convert_released(tmp_path / "a.pth")


@pytest.mark.usefixtures("toy")
def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    state = {"theirs.weight": torch.rand(1, 3), "theirs.bias": torch.rand(1), "theirs.total_ops": torch.ones(1)}
    torch.save(state, tmp_path / "a.pth")
    told: list[str] = []
    convert_released(tmp_path / "a.pth", tell=told.append)
    assert len(told) == 1
    assert "the profiler thop" in told[0]
