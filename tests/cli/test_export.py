from __future__ import annotations

import json
from pathlib import Path

import torch


def test_a_program_is_written_and_described(cli, mistake, tmp_path: Path) -> None:
    out = tmp_path / "bicubic.pt2"
    code, text, _ = cli("export", "bicubic", out)
    assert code == 0
    assert f"{out}: a program of torch.export," in text
    assert "takes batches of LR images with sides from 16 on" in text
    lr = torch.rand(2, 3, 16, 20)
    assert torch.export.load(out).module()(lr).shape == (2, 3, 128, 160)
    assert "exists already; choose another name" in mistake("export", "bicubic", out)
    code, text, _ = cli("export", "bicubic", out, "--overwrite", "--json")
    assert code == 0
    assert json.loads(text)["path"] == str(out)


def test_mistakes_are_told(mistake, tmp_path: Path) -> None:
    assert "a.pth: a name that ends in .onnx or .pt2" in mistake("export", "bicubic", tmp_path / "a.pth")
    assert "called 'bicubik'" in mistake("export", "bicubik", tmp_path / "a.pt2")
    assert "there is no such file" in mistake("export", "gone.safetensors", tmp_path / "a.pt2")
    assert not list(tmp_path.iterdir())
