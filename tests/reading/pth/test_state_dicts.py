"""One network's weights are found in whatever was saved, with nothing in it executed or imported."""

from __future__ import annotations

import argparse
import collections
import copy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from priorsr.errors import DataError
from priorsr.reading.pth import state_dicts
from priorsr.reading.pth.state_dicts import read_state_dict

sys.path.insert(0, str(Path(__file__).parent))

from checkpoints import FORMATS, Call, dumps, save_module, tensor, write_zip

ADAM = {"state": {0: {"exp_avg": torch.ones(1)}}}


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"module." + key: value for key, value in state.items()},
        lambda state: {"module.module._orig_mod." + key: value for key, value in state.items()},
        lambda state: {"net": {"model_state_dict": state}},
        lambda state: {"state_dict": state, "optimizer": ADAM},
        lambda state: {"optimizer": ADAM, "params": {}, "params_ema": state},
        lambda state: {"optimizer": ADAM, "my_weights": state, "lr_scheduler": ADAM},
        lambda state: {"model": state, "args": {"lr": 1e-4}},
        lambda state: {"weights": state, "args": argparse.Namespace(lr=1e-4, out=Path("x"))},
        lambda state: {"state_dict": state, "best": np.float64(27.5), "history": np.ones(3), "kinds": {1, 2}},
        lambda state: {
            "state_dict": state,
            "step": torch.tensor(3),
            "dtype": torch.float32,
            "device": torch.device("cpu"),
        },
        lambda state: {"state_dict": state, "optimizer": torch.optim.Adam([nn.Parameter(torch.ones(2))])},
        lambda state: argparse.Namespace(state_dict=state, epoch=3),
        lambda state: {"state_dict": {key: nn.Parameter(value) for key, value in state.items()}},
    ],
)
def test_wrapped_state_dicts_are_found(wrap, zipped: bool, tmp_path: Path) -> None:
    state = collections.OrderedDict({"a.weight": torch.rand(2)})
    torch.save(wrap(state), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    found = read_state_dict(tmp_path / "a.pth")
    assert found.keys() == {"a.weight"}
    assert torch.equal(found["a.weight"], state["a.weight"])


@pytest.mark.parametrize("zipped", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: net,
        lambda net: {"generator": net, "discriminator": copy.deepcopy(net), "epoch": 3},
        lambda net: {"epoch": 3, "fan": net, "optimizer": torch.optim.SGD(net.parameters(), 0.1)},
        nn.DataParallel,
        lambda net: nn.DataParallel(nn.DataParallel(net)),
    ],
)
def test_a_module_that_was_saved_whole_has_the_names_of_its_state_dict(wrap, zipped: bool, tmp_path: Path) -> None:
    expected = save_module(tmp_path / "a.pth", zipped=zipped, wrap=wrap)
    found = read_state_dict(tmp_path / "a.pth")
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


def test_what_a_profiler_counted_is_left_out_and_told(tmp_path: Path) -> None:
    state = {"module.a.weight": torch.ones(2)}
    for name in ("total_ops", "module.a.total_ops", "module.a.total_params"):
        state[name] = torch.zeros(1, dtype=torch.float64)
    torch.save(state, tmp_path / "a.pth")
    told: list[str] = []
    assert read_state_dict(tmp_path / "a.pth", told.append).keys() == {"a.weight"}
    assert told == [
        f"{tmp_path / 'a.pth'}: 3 counts that the profiler thop left in it, such as total_ops, are left out"
    ]


def test_what_holds_no_weights_of_one_network_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    for value, sentence in (
        ([1, 2], "holds a list; a state dict was expected"),
        (np.float64(3), "holds no tensors; a state dict was expected"),
        (torch.ones(2), "holds a torch._utils._rebuild_tensor_v2; a state dict"),
        ({"epoch": 3, "args": {"lr": 1e-4}}, "holds no tensors; a state dict was expected"),
        ({"g": {"a": torch.ones(1)}, "d": {"a": torch.ones(1)}}, r"holds 2 groups of weights (g, d)"),
        ({"module.a": torch.ones(1), "a": torch.ones(1)}, "holds 'module.a' and 'a', which are one without"),
    ):
        torch.save(value, path)
        with pytest.raises(DataError) as raised:
            read_state_dict(path)
        assert str(raised.value).startswith(f"{path}: {sentence}")


def test_a_hostile_file_is_read_for_its_tensors_and_nothing_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    import os

    state = {"a": tensor((2, 3), (3, 1)), "args": Call(os.mkdir, "executed"), "b": Call(exec, "import antigravity")}
    write_zip(tmp_path / "a.pth", dumps(state), _0=bytes(24))
    assert read_state_dict(tmp_path / "a.pth").keys() == {"a"}
    assert not Path("executed").exists()
    assert "antigravity" not in sys.modules


def test_what_holds_itself_or_is_nested_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pth"
    itself: dict[str, object] = {"a": torch.ones(1)}
    itself["state_dict"] = itself
    deep: object = torch.ones(1)
    for _ in range(150):
        deep = {"net": deep}
    for value in (itself, deep):
        torch.save(value, path)
        with pytest.raises(DataError, match="is nested more than 100 deep"):
            read_state_dict(path)
    inner = nn.Sequential()
    for _ in range(40):  # each twice in the next: 2**40 names
        inner = nn.Sequential(inner, inner)
    inner.append(nn.Linear(1, 1))
    torch.save(inner, path)
    with pytest.raises(DataError, match="holds more than 10,000 modules"):
        read_state_dict(path)
    monkeypatch.setattr(state_dicts, "DEPTH", 3)
    torch.save(nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(1, 1)))))), path)
    with pytest.raises(DataError, match="or some 3 deep|nested more than 3 deep"):
        read_state_dict(path)
