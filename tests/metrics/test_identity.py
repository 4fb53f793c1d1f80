"""Identity: ArcFace's network under its released names, and the same cut of both faces."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import priorsr
from priorsr.errors import DataError, MissingWeightsError, OptionError
from priorsr.metrics.identity import Identity
from priorsr.metrics.iresnet import DEPTHS, IResNet
from priorsr.testing import failures


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch) -> Identity:
    """With a network of four blocks."""
    monkeypatch.setitem(DEPTHS, 18, (1, 1, 1, 1))
    torch.manual_seed(0)
    return Identity(layers=18, weights="untrained")


def test_the_network_is_as_released() -> None:
    """Names, shapes and sizes of InsightFace's checkpoints: 24.0, 34.1, 43.6 and 65.2 million parameters."""
    with torch.device("meta"):
        networks = {layers: IResNet(depths) for layers, depths in DEPTHS.items()}
    sizes = {layers: sum(p.numel() for p in network.parameters()) for layers, network in networks.items()}
    assert {layers: round(size / 1e6, 1) for layers, size in sizes.items()} == {18: 24.0, 34: 34.1, 50: 43.6, 100: 65.2}
    state = networks[50].state_dict()
    assert state["layer3.13.conv2.weight"].shape == (256, 256, 3, 3)
    assert state["layer4.0.downsample.0.weight"].shape == (512, 256, 1, 1)
    assert state["fc.weight"].shape == (512, 512 * 7 * 7)
    assert "layer1.1.downsample.0.weight" not in state
    assert {name.split(".")[0] for name in state} == {
        "conv1", "bn1", "prelu", "layer1", "layer2", "layer3", "layer4", "bn2", "fc", "features"
    }  # fmt: skip


def test_similarity_is_of_the_cut_face(score: Identity) -> None:
    hr, another = torch.rand(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    outside, inside = hr.clone(), hr.clone()
    outside[..., :8, :8] = 0  # of the box
    inside[..., 30:40, 30:40] = 0
    same, other, unseen, seen = score(torch.cat([hr, another, outside, inside]), hr.expand(4, -1, -1, -1)).tolist()
    assert same == pytest.approx(1, abs=1e-6)
    assert unseen == pytest.approx(1, abs=1e-6)
    assert seen < 0.99999
    assert -1 <= other < 0.9999


def test_weights_are_read_and_missing_ones_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setitem(DEPTHS, 18, (1, 1, 1, 1))  # small files
    with pytest.raises(
        MissingWeightsError, match=r"backbone\.pth of IResNet-18 into .*checkpoints as arcface_r18\.pth"
    ):
        Identity(layers=18)
    network = IResNet(DEPTHS[18])
    nn.init.constant_(network.fc.bias, 0.25)
    (tmp_path / "checkpoints").mkdir()
    torch.save(network.state_dict(), tmp_path / "checkpoints" / "arcface_r18.pth")
    assert (Identity(layers=18).network.fc.bias == 0.25).all()
    with pytest.raises(DataError, match="does not hold ArcFace weights of IResNet-34"):
        Identity(layers=34, weights=tmp_path / "checkpoints" / "arcface_r18.pth")


def test_it_holds_the_contract_whatever_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick(nn.Module):
        def __init__(self, depths: object) -> None:
            super().__init__()
            self.fc = nn.Linear(3 * 7 * 7, 8)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(nn.functional.avg_pool2d(x, 16).flatten(1))

    monkeypatch.setattr("priorsr.metrics.identity.IResNet", Quick)

    class Untrained(Identity):
        __doc__ = Identity.__doc__

        def __init__(self) -> None:
            super().__init__(weights="untrained")

    assert failures("score", "identity", Untrained) == {}


def test_mistakes() -> None:
    with pytest.raises(OptionError, match="layers is 20; one of 18, 34, 50, 100"):
        priorsr.create("score", "identity", layers=20)
    with pytest.raises(OptionError, match=r"the box is \(0\.5, 0, 0\.4, 1\)"):
        Identity(box=(0.5, 0, 0.4, 1))
