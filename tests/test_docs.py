"""The documents' Python runs."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import priorsr
from priorsr import registry

ROOT = Path(__file__).parents[1]


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.mark.parametrize("document", ["README.md", "docs/index.md", "docs/score.md", "docs/upscale.md"])
def test_examples_print_what_stands_below_them(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert shown
    for code, printed in shown:
        exec(code, {})
        assert capsys.readouterr().out == printed


def test_the_model_of_the_composing_page_holds_its_contracts_and_is_compared(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    (tmp_path / "faces").symlink_to(tiny_faces)
    model, checks, comparison, swap = blocks("docs/compose.md")
    (tmp_path / "my_model.py").write_text(model)
    exec(checks, {})
    assert capsys.readouterr().out == "{} {}\n"
    exec(comparison.replace("steps=200", "steps=2"), {})
    assert "psnr_y: " in capsys.readouterr().out
    exec(swap, {})
    assert capsys.readouterr().out == "(1, 3, 128, 128)\n"


def test_the_recipe_of_the_training_page_trains(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from priorsr.training import train

    monkeypatch.setattr(registry, "_state", registry._State())
    (code,) = blocks("docs/training.md")
    (tmp_path / "page.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    import_module("page")
    trained = train("mine", tiny_faces, tmp_path / "run", steps=2)
    assert priorsr.load(trained.products["net"]).config.width == 16


def test_the_server_of_the_export_page_computes_the_model(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed, without which nothing is exported as ONNX")
    from priorsr.inference.exporting.export import export

    torch.manual_seed(0)
    model = priorsr.create("model", "encoder_decoder", width=8, depth=1, levels=4).eval()
    export(model, tmp_path / "model.onnx")
    (code,) = blocks("docs/export.md")
    assert len(code.splitlines()) <= 30
    (tmp_path / "serve.py").write_text(code)
    small = np.random.default_rng(0).integers(0, 256, (19, 24, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(small).save(content, "PNG")
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    server = subprocess.Popen([sys.executable, tmp_path / "serve.py", tmp_path / "model.onnx", str(port)])
    try:
        with Image.open(io.BytesIO(_posted(port, content.getvalue(), server))) as result:
            wanted = priorsr.upscale(small, model, as_is=True)
            assert np.abs(np.asarray(result).astype(int) - wanted).max() <= 1
    finally:
        server.kill()
        server.wait()


def _posted(port: int, content: bytes, server: subprocess.Popen[bytes]) -> bytes:
    """Return the body that a server sends for a body, as soon as it listens."""
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}", content, timeout=120) as response:
                body: bytes = response.read()
                return body
        except urllib.error.URLError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.1)
