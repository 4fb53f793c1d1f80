"""OpenVINO: the same results in float32, within the bounds in bf16 and int8, and nothing sent anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_models import assert_same_results, toy, with_weights
from torch import nn

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.errors import BackendError, OptionError
from priorsr.inference.engines.openvino import Converted, resize_bicubic
from priorsr.inference.trial_faces import synthetic_faces

pytest.importorskip("openvino", reason="the extra openvino is not installed")


def by_openvino(model: nn.Module, faces: Batch | None = None, **options: object) -> nn.Module:
    return priorsr.accelerate(model, faces, **{"engine": "openvino", "precision": "float32", "show": False, **options})


@pytest.mark.parametrize("name", ["kdfsrnet", "pkdn-teacher", "dic", "pfsr"])
@torch.no_grad()
def test_every_model_gives_its_own_results(name: str) -> None:
    model = priorsr.create("model", name, preset="nano")
    form = by_openvino(with_weights(model))
    assert (form.report.engine, form.report.precision) == ("openvino", "float32")
    assert_same_results(form, model, synthetic_faces(model, 1))


@pytest.mark.parametrize("size", [(16, 24), (40, 9), (7, 3)])
def test_bicubic_resizing_by_products_is_torchs(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, 10, 12, generator=torch.Generator().manual_seed(0))
    wanted = F.interpolate(x, size, mode="bicubic", antialias=True)
    torch.testing.assert_close(resize_bicubic(x, size, False), wanted, rtol=1e-5, atol=1e-6)
    by_factors = resize_bicubic(x, None, False, (2.0, 3.0))
    torch.testing.assert_close(by_factors, F.interpolate(x, (20, 36), mode="bicubic", antialias=True))
    with pytest.raises(NotImplementedError):
        resize_bicubic(x, size, True)


def test_a_program_is_for_one_call() -> None:
    model, lr = toy().eval(), torch.rand(2, 3, 16, 16)
    form = by_openvino(model)
    for options in ({}, {"strength": torch.tensor(2.0)}, {"half": True}):
        with torch.no_grad():
            torch.testing.assert_close(form(lr, **options).sr, model(lr, **options).sr, rtol=1e-5, atol=1e-5)
    told = [sentence for sentence in form.report.done if sentence.startswith("compiled the program for")]
    assert [sentence.partition(" (")[0].removeprefix("compiled the program for ") for sentence in told] == [
        "1 x 3 x 16 x 16",
        "2 x 3 x 16 x 16",
        "2 x 3 x 16 x 16, ",
        "2 x 3 x 16 x 16",
    ]


def test_a_result_is_not_overwritten_by_the_next() -> None:
    form, (one, two) = by_openvino(toy()), torch.rand(2, 1, 3, 16, 16)
    first = form(one).sr
    kept = first.clone()
    form(two)
    assert torch.equal(first, kept)


def test_auto_takes_the_faster_of_openvino_and_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    from priorsr.inference.trial_faces import Check

    for fast in ("openvino", "eager"):
        seconds = {"openvino": 1.0, "eager": 1.0, fast: 0.5}
        monkeypatch.setattr(Check, "seconds", lambda _, form, seconds=seconds: seconds[form.report.engine])
        form = priorsr.accelerate(toy(), precision="float32", show=False)
        assert form.report.engine == fast
        assert {timing.engine for timing in form.report.timings} == {"openvino", "eager"}


@pytest.fixture(scope="module")
def faces() -> Batch:
    drawn = synthetic_faces(priorsr.create("model", "bicubic"), 6)
    return Batch(drawn.lr, drawn.hr[:, :, ::4, ::4], Prior(), drawn.ids)  # the toy enlarges by 2


def test_int8_within_the_bounds(faces: Batch) -> None:
    pytest.importorskip("nncf", reason="the extra openvino is not installed")
    model = toy().eval()
    form = by_openvino(model, faces, precision="int8", batch_size=2)
    assert form.precision == "int8"
    assert any(sentence.startswith("quantised the program for 2 x 3 x 16 x 16") for sentence in form.report.done)
    change = form.report.psnr_change
    assert change.mean < 0.03
    assert 0 < change.most < 0.15
    with torch.no_grad():
        difference = (form(faces.lr[:2]).sr - model(faces.lr[:2]).sr).abs().max()
    assert 1e-6 < difference < 0.05  # it is quantised
    programs = len(form.report.done)
    groups = form(faces.lr[:5])  # two, two, and one that is filled up
    assert groups.sr.shape == (5, 3, 32, 32)
    assert len(form.report.done) == programs
    for face in range(5):
        torch.testing.assert_close(groups.sr[face], form(faces.lr[face].expand(2, -1, -1, -1)).sr[0])
    with pytest.raises(BackendError, match="it was calibrated for"):
        form(torch.rand(2, 3, 20, 20))


def test_int8_beyond_the_bounds_is_refused(faces: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nncf", reason="the extra openvino is not installed")
    from priorsr.inference.engines import int8

    monkeypatch.setattr(int8, "quantise", lambda converted, *_: shifted_by_a_fifth(converted))
    with pytest.raises(OptionError, match="is refused: int8 by openvino: PSNR moved"):
        by_openvino(toy(), faces, precision="int8", batch_size=2)


def shifted_by_a_fifth(converted: Converted) -> Converted:
    """A form whose first result is shifted, as a quantisation that failed."""
    import openvino.opset8 as ops
    from openvino import Model

    first, *others = converted.model.results
    shifted = ops.add(first.input_value(0), ops.constant(np.float32(0.2)))
    outputs = [shifted.output(0), *(other.input_value(0) for other in others)]
    return converted._replace(model=Model(outputs, converted.model.get_parameters()))


_WITHOUT_SOCKETS = """
import socket, sys

def refuse(*_, **__):
    print("SOCKET", flush=True)
    raise OSError("no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import http.client, urllib.request
urllib.request.urlopen = refuse
sys.path.insert(0, sys.argv[1])
import time
import priorsr, torch
from priorsr.containers import Batch, Prior
from small_models import toy
faces = Batch(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 32, 32), Prior(), ("a", "b"))
form = priorsr.accelerate(toy(), faces, precision="int8", bounds=(10, 10), show=False)
import signal, subprocess
signal.signal(signal.SIGCHLD, lambda *_: None)  # handled on the stack that NNCF's cores left
subprocess.run([sys.executable, "-c", ""], check=True)
print(form.report.precision, "nncf" in sys.modules, "openvino_telemetry" in sys.modules)
time.sleep(1)
"""


def test_nothing_is_sent(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """OpenVINO alone sends an event when it is imported."""
    small_models = str(request.path.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_SOCKETS, small_models],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["int8", "True", "False"]
    assert not (tmp_path / "intel").exists()  # where consent and a number for this machine are kept


_SIGNALLED = """
import gc, signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
import priorsr
from small_models import toy
first, second = (priorsr.accelerate(toy(), engine="openvino", precision="float32", show=False) for _ in range(2))
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGCHLD, lambda *_: print("handled"))
subprocess.run([sys.executable, "-c", ""], check=True)
"""


def test_signals_are_handled_when_no_program_is_left(request: pytest.FixtureRequest) -> None:
    """DataLoader handles the end of child processes, on the stack for signals that OpenVINO sets up."""
    small_models = str(request.path.parent.parent)
    done = subprocess.run([sys.executable, "-c", _SIGNALLED, small_models], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
