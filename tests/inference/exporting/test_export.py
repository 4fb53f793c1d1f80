from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_models import toy
from torch import Tensor, nn

import priorsr
from priorsr.containers import SROutput
from priorsr.errors import BackendError, DataError, OptionError, PriorsrError
from priorsr.inference.exporting import export as module
from priorsr.inference.exporting.export import export
from priorsr.inference.exporting.tracing import Traced

SUFFIXES = (".onnx", ".pt2")


@pytest.fixture
def packages() -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed, without which nothing is exported as ONNX")


def network() -> nn.Module:
    torch.manual_seed(0)
    return priorsr.create("model", "encoder_decoder", width=8, depth=1, levels=2, scale=2).eval()


def sr_of(path: Path, lr: np.ndarray) -> np.ndarray:
    if path.suffix == ".pt2":
        return torch.export.load(path).module()(torch.from_numpy(lr)).numpy()
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["sr"], {"lr": lr})[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_file_computes_what_the_model_does_for_any_batch_and_size(
    suffix: str, tmp_path: Path, packages: None
) -> None:
    model = network()
    done = export(model, tmp_path / f"a{suffix}")
    assert done.error <= 1e-5
    assert done.sizes == "sides from 16 on, multiples of 2"
    for shape in ((1, 3, 16, 16), (5, 3, 22, 40)):
        lr = torch.rand(shape)
        with torch.no_grad():
            assert np.abs(sr_of(tmp_path / f"a{suffix}", lr.numpy()) - model(lr).sr.numpy()).max() < 1e-5


def test_an_onnx_describes_its_model_and_not_this_installation(tmp_path: Path, packages: None) -> None:
    import onnx

    model = network()
    model.card = {"data": ["faces"], "hr_size": 32}
    export(model, tmp_path / "a.onnx", opset=20)
    proto = onnx.load(tmp_path / "a.onnx")
    assert [(own.domain, own.version) for own in proto.opset_import] == [("", 20)]
    facts = json.loads({entry.key: entry.value for entry in proto.metadata_props}["priorsr"])
    assert (facts["name"], facts["scale"], facts["side"], facts["multiple"]) == ("encoder_decoder", 2, 16, 2)
    assert (facts["card"], facts["config"]["width"]) == (model.card, 8)
    sizes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (proto.graph.input[0], proto.graph.output[0])
    ]
    assert sizes == [["batch", 3, "height", "width"], ["batch", 3, "scale*height", "scale*width"]]
    assert str(Path(torch.__file__).parents[1]).encode() not in (tmp_path / "a.onnx").read_bytes()


def test_a_program_describes_its_model(tmp_path: Path) -> None:
    export(network(), tmp_path / "a.pt2")
    extra = {"priorsr.json": ""}
    torch.export.load(tmp_path / "a.pt2", extra_files=extra)
    assert json.loads(extra["priorsr.json"])["name"] == "encoder_decoder"
    assert str(Path(torch.__file__).parents[1]).encode() not in (tmp_path / "a.pt2").read_bytes()


class Choosy(nn.Module):
    """Takes sides that are multiples of 4, or, if `fixed`, images of 16 px only."""

    kind, scale, prior, size_multiple = "model", 1, "none", 1

    def __init__(self, fixed: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 16) if fixed else nn.PixelUnshuffle(4)
        self.fixed = fixed

    def forward(self, lr: Tensor, prior: object = None) -> SROutput:
        x = self.layer(lr)
        return SROutput(x if self.fixed else nn.functional.pixel_shuffle(x, 4))


@pytest.mark.parametrize(("fixed", "sizes"), [(False, "sides from 16 on, multiples of 4"), (True, "16 x 16")])
def test_a_model_that_takes_some_sizes_is_exported_for_these(fixed: bool, sizes: str, tmp_path: Path) -> None:
    done = export(Choosy(fixed), tmp_path / "a.pt2")
    assert done.sizes == sizes
    assert sr_of(tmp_path / "a.pt2", np.zeros((7, 3, 16, 16), np.float32)).shape == (7, 3, 16, 16)


def test_a_size_that_a_program_refuses_after_all_is_not_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, multiples = module._distance, []

    def distance(model: nn.Module, traced: Traced, run: object) -> float:
        multiples.append(traced.multiple)
        if traced.multiple < 4:
            raise AssertionError("Guard failed")
        return real(model, traced, run)

    monkeypatch.setattr(module, "_distance", distance)
    assert export(toy(), tmp_path / "a.pt2").sizes == "sides from 16 on, multiples of 4"
    assert multiples == [1, 2, 4]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_that_computes_something_else_is_not_written(
    suffix: str, tmp_path: Path, packages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.trace

    def other(model: nn.Module) -> object:
        changed = copy.deepcopy(model)
        with torch.no_grad():
            changed.identity.bias += 2e-4
        return real(changed)

    monkeypatch.setattr(module, "trace", other)
    with pytest.raises(BackendError, match=r"the export of Toy gives values up to 2\.0e-04 away"):
        export(toy(), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported_is_refused(tmp_path: Path, packages: None) -> None:
    with pytest.raises(DataError, match=r"a\.pth: a name that ends in \.onnx or \.pt2 was expected"):
        export("bicubic", tmp_path / "a.pth")
    with pytest.raises(OptionError, match="opset is 11; 18 to 23 was expected"):
        export("bicubic", tmp_path / "a.onnx", opset=11)
    teacher = priorsr.create("model", "encoder_decoder", width=8, depth=0, fusion="concat")
    with pytest.raises(PriorsrError, match="requires a prior"):
        export(teacher, tmp_path / "a.pt2")

    class Unseen(Choosy):
        def forward(self, lr: Tensor, prior: object = None) -> SROutput:
            return SROutput(lr if lr.sum().item() > 0 else -lr)

    with pytest.raises(BackendError, match=r"Unseen: torch\.export cannot trace it"):
        export(Unseen(fixed=False), tmp_path / "a.pt2")


SYSTEMS = {
    "kdfsrnet": {"width": 8, "depth": 1},
    "pkdn": {"width": 8, "depth": 1},
    "dic": {"width": 8, "groups": 1, "steps": 2, "projection": 2, "hourglass_width": 8},
    "pfsr": {"widths": (8, 8, 8, 8), "depth": (1, 1, 1)},
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_published_system_is_exported(name: str, suffix: str, tmp_path: Path, packages: None) -> None:
    if name not in priorsr.names("model"):
        pytest.skip(f"the plugin of {name} is not installed")
    torch.manual_seed(0)
    done = export(priorsr.create("model", name, preset="nano", **SYSTEMS[name]).eval(), tmp_path / f"a{suffix}")
    assert done.sizes.startswith("sides from 16 on")
    assert done.error <= 1e-4
