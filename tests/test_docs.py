"""Every Python block of the documentation runs as written, and prints what the block below it shows.

A page's blocks run in order, in one namespace, in a folder that holds what the page's commands would have made: the
face set `faces` (eight drawn faces of 128 px), untrained weights in `runs/first/weights`, the results folder `results`
with the rows first and bicubic, and the photograph `portrait.jpg`.

- Lengths are shortened: `steps=N` and `minutes=N` become `steps=2`, `seeds=N` becomes `seeds=1`, and accelerated models
  are not compiled.
- A block after the words "Save this as `NAME.py`" is only written to that file, which later blocks import.
- The output is compared to the letter, except after a block with the comment `# varies`, which must print something.
- In blocks of commands, each `priorsr ...` line must name a command and options that exist.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import typer
from PIL import Image

import priorsr
from priorsr import registry

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/*.md", "docs/kinds/*.md", "docs/protocols/*.md", "plugins/*/README.md")
    for path in ROOT.glob(pattern)
)
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SAVED = re.compile(r"[Ss]ave this as `([\w.]+\.py)`")
SHORTER = (
    (re.compile(r"\b(?:steps|minutes)=\d+"), "steps=2"),
    (re.compile(r"\bseeds=\d+"), "seeds=1"),
    (re.compile(r"\baccelerate\(model\)"), 'accelerate(model, engine="eager")'),
    (re.compile(r'precision="int8"'), 'engine="eager"'),
    (re.compile(r"\bbatch_size=32\b"), "batch_size=4"),
)


@dataclass(frozen=True)
class Block:
    """A block of Python: the code, the file that it is saved as, and the output that stands below it."""

    code: str
    file: str | None
    output: str

    @property
    def varies(self) -> bool:
        return "# varies" in self.code

    def shortened(self) -> str:
        code = self.code
        for long, short in SHORTER:
            code = long.sub(short, code)
        return code


def python_blocks(text: str) -> Iterator[Block]:
    fences = list(FENCE.finditer(text))
    end = 0
    for i, fence in enumerate(fences):
        if fence[1] == "python":
            saved = SAVED.search(text, end, fence.start())
            after = fences[i + 1] if i + 1 < len(fences) else None
            shown = after is not None and not after[1] and not text[fence.end() : after.start()].strip()
            yield Block(fence[2], saved[1] if saved else None, after[2] if after is not None and shown else "")
            end = fence.end()


def commands(text: str) -> Iterator[list[str]]:
    for fence in FENCE.finditer(text):
        if fence[1] in ("", "sh"):
            for line in fence[2].replace("\\\n", " ").splitlines():
                if line.startswith("priorsr ") and not re.search(r"\.\.\.|…", line):
                    yield shlex.split(line, comments=True)[1:]


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the pages' commands would have made, once; each page gets a copy."""
    from priorsr.bench import run
    from priorsr.data.importers.synthetic import synthesise

    folder = tmp_path_factory.mktemp("docs")
    synthesise(folder / "faces", count=8, seed=0, size=128, val=2, test=2)
    for product, name in {"student": "kdfsrnet", "teacher": "kdfsrnet-teacher"}.items():
        model = priorsr.create("model", name, preset="nano")
        priorsr.save(model, folder / "runs/first/weights" / f"{product}.safetensors")
    weights = folder / "runs/first/weights/student.safetensors"
    run(weights, name="first", data=folder / "faces", split="val", protocols=["priorsr@1"], out=folder / "results")
    with Image.open(ROOT / "priorsr/demo/collins.png") as portrait:
        portrait.convert("RGB").save(folder / "portrait.jpg")
    return folder


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if "```python" in read(document)])
def test_python_blocks_print_what_stands_below_them(
    document: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(made, tmp_path / "page")
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.chdir(tmp_path / "page")
    monkeypatch.syspath_prepend(str(tmp_path / "page"))
    page = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", page)  # where dataclasses look for the names in annotations
    saved = []
    capsys.readouterr()
    try:
        for block in python_blocks(read(document)):
            if block.file is not None:
                Path(block.file).write_text(block.code, encoding="utf-8")
                saved.append(block.file.removesuffix(".py"))
                continue
            exec(compile(block.shortened(), document, "exec"), vars(page))
            printed = capsys.readouterr().out
            assert bool(printed) == bool(block.output), f"printed: {printed}"
            assert block.varies or printed == block.output
    finally:
        for module in saved:
            sys.modules.pop(module, None)


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if "\npriorsr " in read(document)])
def test_commands_exist_with_their_options(document: str) -> None:
    from priorsr.cli.main import app
    from priorsr.cli.several import plugins_first

    for words in commands(read(document)):
        command = typer.main.get_command(app)
        context = command.context_class(command)
        _, rest, _ = command.make_parser(context).parse_args(args=plugins_first(words))
        while rest and hasattr(command, "get_command"):  # typer's own copy of click, or click: no class of either
            found = command.get_command(context, rest[0])
            assert found is not None, f"there is no command {rest[0]}"
            command, context = found, found.context_class(found, parent=context)
            _, rest, _ = command.make_parser(context).parse_args(args=rest[1:])


def test_the_server_of_the_export_page_computes_the_model(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed, without which nothing is exported as ONNX")
    from priorsr.inference.exporting.export import export

    torch.manual_seed(0)
    model = priorsr.create("model", "encoder_decoder", width=8, depth=1, levels=4).eval()
    export(model, tmp_path / "model.onnx")
    (block,) = python_blocks(read("docs/export.md"))
    assert len(block.code.splitlines()) <= 30
    (tmp_path / "serve.py").write_text(block.code)
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
