"""Models in files of other people: Python, ONNX, checkpoints that spandrel detects."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from priorsr.errors import DataError, PriorsrError
from priorsr.models.model_spec import model_from_spec

LR = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))

CODE = """
from torch import nn
import torch.nn.functional as F

class Mine(nn.Module):
    scale = 4
    def forward(self, lr):
        return F.interpolate(lr, scale_factor=self.scale)

def nearest(lr):
    return F.interpolate(lr, scale_factor=8)

class Broken(nn.Module):
    def __init__(self):
        raise RuntimeError("no weights")
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return path


@pytest.mark.parametrize(("name", "scale"), [("nearest", 8), ("Mine", 4)])
def test_a_class_or_function_of_a_python_file(code: Path, name: str, scale: int) -> None:
    model = model_from_spec(f"{code}:{name}")
    assert model.scale == scale
    assert torch.equal(model(LR).sr, F.interpolate(LR, scale_factor=scale))


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("{code}:mine", "mine.py: defines no 'mine'; did you mean 'Mine'"),
        ("{code}:Broken", r"mine.py: Broken\(\) raises RuntimeError: no weights"),
        ("{code.parent}/no.py:x", "no.py: there is no such file; a Python file"),
    ],
)
def test_a_mistake_in_a_python_file_names_it(code: Path, spec: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        model_from_spec(spec.format(code=code))


def test_a_python_file_that_raises_names_itself(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise ValueError('no')")
    with pytest.raises(DataError, match=r"bad.py: raises ValueError: no"):
        model_from_spec(f"{tmp_path}/bad.py:x")


@pytest.fixture
def onnx_file(tmp_path: Path) -> tuple[Path, nn.Module]:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 192, 3, padding=1), nn.PixelShuffle(8)).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.onnx.export(network, (LR,), tmp_path / "net.onnx", dynamic_shapes=({0: batch},), dynamo=True, verbose=False)
    return tmp_path / "net.onnx", network


def test_an_onnx_file_is_run_and_tells_its_scale(onnx_file) -> None:
    path, network = onnx_file
    model = model_from_spec(path)
    assert (model.scale, model.name) == (8, "net")
    assert torch.allclose(model(LR).sr, network(LR), atol=1e-5)
    with pytest.raises(PriorsrError, match="the ONNX network cannot run"):
        model(torch.rand(1, 3, 20, 16))


def test_a_file_that_is_no_onnx_names_itself(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "a.onnx").write_text("no")
    with pytest.raises(DataError, match=r"a\.onnx: cannot be read as ONNX"):
        model_from_spec(tmp_path / "a.onnx")


def test_a_checkpoint_is_detected_and_followed_by_bicubic(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(0)
    network = Compact(num_in_ch=3, num_out_ch=3, num_feat=16, num_conv=2, upscale=4).eval()
    torch.save({"params": network.state_dict()}, tmp_path / "x4.pth")
    model = model_from_spec(tmp_path / "x4.pth")
    with torch.no_grad():
        wanted = F.interpolate(network(LR).clamp(0, 1), (128, 128), mode="bicubic", align_corners=False)
        assert torch.allclose(model(LR).sr, wanted, atol=1e-6)
    assert model.config.items() >= {"scale": 8, "network_scale": 4, "rest": "bicubic"}.items()
    assert model.name == "RealESRGAN Compact x4"


def test_a_checkpoint_of_nothing_known_names_itself(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    torch.save({"a": torch.zeros(2)}, tmp_path / "odd.pth")
    with pytest.raises(DataError, match=r"odd\.pth: spandrel finds no network in it"):
        model_from_spec(tmp_path / "odd.pth")
