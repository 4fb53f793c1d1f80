from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.errors import DataError, MissingWeightsError, OptionError
from priorsr.estimators.parsing_net import ParsingNet
from priorsr.models import finding
from priorsr.models.finding import find_weights
from priorsr.pretrained import UNTRAINED

SMALL = {"widths": (8, 8), "size": 32, "weights": UNTRAINED}


def test_probabilities_at_the_images_own_size() -> None:
    net = ParsingNet(**SMALL).eval()
    for height, width in ((32, 32), (20, 31), (70, 64)):
        prior, state = net(torch.rand(2, 3, height, width))
        assert prior.parsing.shape == (2, 19, height, width)
        torch.testing.assert_close(prior.parsing.sum(1), torch.ones(2, height, width))
        assert state is None


def test_half_precision() -> None:
    net, images = ParsingNet(**SMALL).eval(), torch.rand(1, 3, 48, 40)
    with torch.autocast("cpu", torch.bfloat16):
        under_autocast = net(images)[0].parsing
    torch.testing.assert_close(under_autocast.sum(1), torch.ones(1, 48, 40))  # in the images' precision
    halved = net.bfloat16()(images.bfloat16())[0].parsing
    assert halved.dtype == torch.bfloat16
    assert (halved - under_autocast).abs().max() < 0.02


def test_it_is_trained_out_of_the_box() -> None:
    net = priorsr.create("estimator", "parsing_net")
    assert not net.training
    shipped = find_weights("parsing_net")
    assert shipped.stat().st_size < 1_500_000
    assert net.card["recipe"] == "parsing_net"
    again = ParsingNet(weights=shipped)
    assert torch.equal(again.head.weight, net.head.weight)


def test_it_is_saved_and_loaded_like_a_model(tmp_path: Path) -> None:
    net = ParsingNet(**SMALL).eval()
    priorsr.save(net, tmp_path / "net.safetensors")
    again = priorsr.load(tmp_path / "net.safetensors")
    images = torch.rand(1, 3, 32, 32)
    assert torch.equal(again(images)[0].parsing, net(images)[0].parsing)
    assert again.options == net.options
    direct = ParsingNet((8, 8), 32, tmp_path / "net.safetensors")
    assert torch.equal(direct(images)[0].parsing, net(images)[0].parsing)


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="size is 100; a multiple of 16"):
        ParsingNet(size=100, weights=UNTRAINED)
    with pytest.raises(OptionError, match=r"widths is \(\)"):
        ParsingNet((), weights=UNTRAINED)
    with pytest.raises(DataError, match="no.safetensors: there is no such file"):
        ParsingNet(weights=tmp_path / "no.safetensors")
    priorsr.save(ParsingNet(**SMALL), tmp_path / "net.safetensors")
    with pytest.raises(DataError, match=r"was expected by ParsingNet"):
        ParsingNet(weights=tmp_path / "net.safetensors")
    monkeypatch.setattr(finding, "weights_offers", list)
    with pytest.raises(MissingWeightsError, match="parsing_net's weights are absent: pip install priorsr-weights"):
        ParsingNet()
