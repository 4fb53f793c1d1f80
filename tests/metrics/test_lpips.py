"""LPIPS is the package's, on RGB in [-1, 1]; without AlexNet's weights it says which file goes where."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from torch import nn

import priorsr
from priorsr.errors import MissingWeightsError, ShapeError
from priorsr.metrics.lpips import LPIPS


@pytest.fixture(scope="module")
def score() -> LPIPS:
    torch.manual_seed(0)
    return LPIPS(weights="untrained")


@pytest.fixture
def pair() -> torch.Tensor:
    """(2,2,3,64,64): sr and hr."""
    return torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_it_is_the_packages_on_images_in_its_range(score: LPIPS, pair: torch.Tensor) -> None:
    expected = score.network(*pair, normalize=True).flatten()  # from [0, 1] to [-1, 1]
    torch.testing.assert_close(score(*pair), expected)
    assert score(pair[1], pair[1]).tolist() == [0, 0]
    assert (score(*pair) > 0).all()
    assert not score.higher_is_better


def test_precision_and_misfits(score: LPIPS, pair: torch.Tensor) -> None:
    assert score(*pair.bfloat16()).dtype == score(*pair).dtype == torch.float32
    assert score(*pair.double()).dtype == torch.float64
    with pytest.raises(ShapeError, match="sr and hr"):
        score(pair[0], pair[1, :1])
    with pytest.raises(ShapeError, match=r"\(B, 3, H, W\)"):
        score(pair[0, :, :1], pair[1])


def test_given_weights_reach_every_layer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read = []

    def number(network: nn.Module, path: str | Path, which: str) -> None:
        read.append((Path(path).name, which))
        for index, layer in enumerate(network.features):
            for parameter in layer.parameters():
                nn.init.constant_(parameter, index)

    monkeypatch.setattr(importlib.import_module("priorsr.metrics.lpips"), "load_published", number)
    score = LPIPS(weights=tmp_path / "mine.pth")
    assert read == [("mine.pth", "AlexNet weights of torchvision")]
    convolutions = {index: layer for part in score.network.net.children() for index, layer in part.named_children()}
    assert {index: float(convolutions[index].weight.mean()) for index in ("0", "3", "6", "8", "10")} == {
        "0": 0, "3": 3, "6": 6, "8": 8, "10": 10
    }  # fmt: skip
    assert score.network.lin0.model[-1].weight.abs().sum() > 0  # the package's own


def test_mistakes(score: LPIPS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(MissingWeightsError, match=r"put alexnet-owt-7be5be79\.pth into .*checkpoints"):
        priorsr.create("score", "lpips")
    with pytest.raises(ShapeError, match="30 x 64; sides from 31"):
        score(*torch.rand(2, 1, 3, 30, 64))
    assert score(*torch.rand(2, 1, 3, 31, 31)).isfinite().all()
