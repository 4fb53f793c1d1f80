"""Checkpoints that only resemble the released ones are told, by file and layout."""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from priorsr.errors import DataError
from priorsr.models import convert_released
from priorsr_pfsr.convert import _rename

HEAD = {"to_rgb.0.weight": torch.ones(3, 4, 1, 1), "step1.0.weight": torch.ones(8, 3, 3, 3)}
BLOCK = {"step1.3.conv.0.conv.weight_orig": torch.ones(8, 8, 3, 3)}


@pytest.mark.parametrize(
    ("released", "ours"),
    [
        ("to_rgb.2.bias", "upsampler.heads.2.bias"),
        ("step1.0.weight", "stem.0.weight"),
        ("step1.1.running_var", "stem.1.running_var"),
        ("step1.3.conv.0.conv.weight_orig", "upsampler.steps.0.0.conv1.weight"),
        ("step1.3.conv.4.bias", "upsampler.steps.0.0.norm2.bias"),
        ("step1.4.weight", "upsampler.steps.0.1.conv.weight"),
        ("step3.0.conv.3.conv.bias", "upsampler.steps.2.0.conv2.bias"),
        ("step3.2.running_mean", "upsampler.steps.2.2.running_mean"),
        ("optimiser.state", "optimiser.state"),
    ],
)
def test_names(released: str, ours: str) -> None:
    assert _rename(released) == ours


def test_a_misfit_is_told(tmp_path: Path) -> None:
    torch.save({"model_state_dict": HEAD | BLOCK}, tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"a\.pth: the tensor 'stem.0.bias' is absent"):
        convert_released(tmp_path / "a.pth")
    torch.save({"model_state_dict": HEAD | BLOCK | {"to_rgb.2.weight": torch.ones(3)}}, tmp_path / "b.pth")
    with pytest.raises(DataError, match=r"b\.pth: cannot be converted from the layout 'PFSR generator' \(KeyError"):
        convert_released(tmp_path / "b.pth")


SOURCE = """
from torch import nn

class Compressed(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for before, after in ((32, 64), (64, 128), (128, 128)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.01)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(128, 68, 3, padding=1), nn.LeakyReLU(0.01))
        self.conv = nn.Conv2d(3, 32, 5, padding=2)

    def forward(self, x):
        return self.layers(self.conv(x))
"""


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("wrap", [lambda net: net, nn.DataParallel])
@torch.no_grad()
def test_a_whole_module_whose_class_is_nowhere_becomes_the_distilled_fan(wrap, zipped: bool, tmp_path: Path) -> None:
    """As PFSR's own repository has it: `torch.save(model)`, of before batches were counted."""
    gone = types.ModuleType("gone_from_here")
    exec(SOURCE, gone.__dict__)
    sys.modules[gone.__name__] = gone
    try:
        net = gone.Compressed().eval()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                del module._buffers["num_batches_tracked"]
                nn.init.uniform_(module.running_var, 0.5, 2)
        with warnings.catch_warnings():  # the old format misses the class's source
            warnings.simplefilter("ignore", UserWarning)
            torch.save(wrap(net), tmp_path / "compressed_model.pth", _use_new_zipfile_serialization=zipped)
    finally:
        del sys.modules[gone.__name__]
    fan, layout = convert_released(tmp_path / "compressed_model.pth")
    assert layout == "PFSR distilled FAN"
    assert fan.options == {"widths": [32, 64, 128, 128], "landmarks": 68}
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(fan(images)[0].heatmaps, net(images))
