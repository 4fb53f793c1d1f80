"""Tensors of a file are held to the module that they are for."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
import torch
from torch import nn

from priorsr.errors import DataError
from priorsr.reading.fitting import SLACK, built_for, check_fit, load_fitting, with_counts

FILE = Path("a.safetensors")


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))


def test_what_fits_is_loaded_in_the_modules_precision() -> None:
    module, state = net(), net().double().state_dict()
    load_fitting(module, state, FILE)
    assert module[0].weight.dtype == torch.float32
    assert torch.equal(module[0].weight, state["0.weight"].float())


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("0.weight", None, "is absent; (1, 2) was expected by Sequential"),
        ("1.extra", torch.ones(()), "is (); none of that name was expected by Sequential"),
        ("0.bias", torch.ones(()), "is (); (1,) was expected by Sequential"),
        ("0.bias", torch.tensor([float("inf")]), "holds NaN or infinity (in float32); finite numbers were expected"),
        ("1.running_mean", torch.tensor([float("nan")]), "holds NaN or infinity"),
        ("0.bias", torch.tensor([1e39], dtype=torch.float64), "holds NaN or infinity (in float32)"),
        (
            "0.bias",
            torch.ones(1, dtype=torch.complex128),
            "holds complex numbers (complex128); floating ones",
        ),
        (
            "0.bias",
            torch.ones(1, dtype=torch.int8),
            "holds whole numbers (int8); floating ones (float32)",
        ),
        ("1.num_batches_tracked", torch.tensor(1.0), "holds floating numbers (float32); whole ones (int64)"),
        ("1.num_batches_tracked", torch.tensor(True), "holds truth numbers (bool); whole ones (int64) were expected"),
    ],
)
def test_what_does_not_fit_is_named(key: str, value: torch.Tensor | None, sentence: str) -> None:
    state = net().state_dict() | {key: value}
    with pytest.raises(DataError) as raised:
        check_fit(net(), {name: tensor for name, tensor in state.items() if tensor is not None}, FILE)
    assert str(raised.value).startswith(f"a.safetensors: the tensor {key!r} {sentence}")


def test_normalisations_of_old_files_have_seen_no_batch() -> None:
    state = net().state_dict()
    del state["1.num_batches_tracked"]
    assert with_counts(net(), state)["1.num_batches_tracked"] == 0
    del state["1.running_mean"]
    with pytest.raises(DataError, match="'1.running_mean' is absent"):
        check_fit(net(), with_counts(net(), state), FILE)


def test_nothing_much_larger_than_the_file_is_built() -> None:
    with built_for(net().state_dict(), FILE):
        net()
        nn.Linear(SLACK // 2, 1)
    for build in (
        lambda: nn.Linear(2**15, 2**15),  # 4 GiB, never touched
        lambda: nn.ModuleList(nn.Identity() for _ in range(2**62)),
        lambda: [nn.Linear(100, 100) for _ in range(2**62)],
    ):
        with (
            pytest.raises(DataError, match="a.safetensors: describes a network that is much larger than its tensors"),
            built_for(net().state_dict(), FILE),
        ):
            build()
    with pytest.raises(DataError, match="a.safetensors: describes a network that cannot be built"), built_for({}, FILE):
        nn.Linear(2**20, 2**20)  # 4 TiB
    nn.Linear(SLACK, 2)  # nothing is held any more


def test_what_other_threads_build_is_not_counted() -> None:
    with built_for({}, FILE):
        thread = Thread(target=lambda: nn.Linear(SLACK, 2))
        thread.start()
        thread.join()
        nn.Linear(2, 1)
