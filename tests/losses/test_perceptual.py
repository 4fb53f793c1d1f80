"""The perceptual loss, on weights made here, and without weights."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision.models import vgg16

from priorsr.errors import DataError, MissingWeightsError, OptionError, ShapeError
from priorsr.losses import PerceptualLoss


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    network = vgg16(weights=None)
    torch.save(network.state_dict(), path)
    return path


def test_compares_the_features_of_the_chosen_layers(weights: Path) -> None:
    torch.manual_seed(1)
    sr, hr = torch.rand(2, 2, 3, 32, 32)
    network = vgg16(weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    wanted = 0.0
    for end, weight in ((4, 1.0), (16, 0.5)):
        a, b = (network.features[:end]((x - mean) / std) for x in (sr, hr))
        wanted += weight * (a - b).square().mean().item()
    loss = PerceptualLoss(("relu1_2", "relu3_3"), (1.0, 0.5), weights=weights)
    assert loss(sr, hr).item() == pytest.approx(wanted, rel=1e-5)
    assert loss(hr, hr).item() == 0


def test_the_gradient_flows_to_sr_alone(weights: Path) -> None:
    loss = PerceptualLoss(weights=weights)
    sr, hr = torch.rand(2, 1, 3, 16, 16).requires_grad_().unbind()
    sr, hr = sr.detach().requires_grad_(), hr.detach().requires_grad_()
    loss(sr, hr).backward()
    assert sr.grad.any()
    assert hr.grad is None
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_absent_weights_name_the_file_and_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    fetched = []

    def refuse(*args, **kwargs):
        fetched.append(kwargs)
        raise URLError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    with pytest.raises(
        MissingWeightsError, match=r"put vgg16-\w+\.pth into .*checkpoints, or pass fetch=True"
    ) as raised:
        PerceptualLoss()
    assert str(tmp_path) in str(raised.value)
    assert not fetched
    with pytest.raises(MissingWeightsError, match="cannot be fetched .*no network"):
        PerceptualLoss(fetch=True)
    assert fetched[0]["check_hash"]


def test_float64_images_are_compared(weights: Path) -> None:
    torch.manual_seed(2)
    sr, hr = torch.rand(2, 1, 3, 16, 16)
    loss = PerceptualLoss(("relu1_2",), weights=weights)
    wanted = loss(sr, hr).item()
    assert loss(sr.double(), hr.double()).item() == wanted
    assert loss.double()(sr.double(), hr.double()).item() == pytest.approx(wanted, rel=1e-4)


def test_mistakes_are_told(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no layer 'relu3_4'; did you mean 'relu3_3'"):
        PerceptualLoss(("relu3_4",), weights=weights)
    with pytest.raises(OptionError, match="has no layers"):
        PerceptualLoss((), weights=weights)
    with pytest.raises(OptionError, match="has 1 layer_weights; 4 were expected"):
        PerceptualLoss(layer_weights=(1.0,), weights=weights)
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match="does not hold VGG16 weights"):
        PerceptualLoss(weights=tmp_path / "other.pth")
    (tmp_path / "garbage.pth").write_bytes(b"garbage")
    with pytest.raises(DataError, match=r"garbage\.pth: does not hold VGG16 weights"):
        PerceptualLoss(weights=tmp_path / "garbage.pth")
    loss = PerceptualLoss(("relu1_2",), weights=weights)
    with pytest.raises(ShapeError, match="the same shape"):
        loss(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 32))
    with pytest.raises(ShapeError, match="15 x 16; sides from 16"):
        loss(torch.rand(1, 3, 15, 16), torch.rand(1, 3, 15, 16))
