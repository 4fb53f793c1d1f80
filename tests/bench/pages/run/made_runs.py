"""Training runs to report on, small enough to be made for every test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

import priorsr
from priorsr.training.metrics_file import line_text


def step(number: int, **changes: Any) -> dict[str, Any]:
    """A line of the metrics."""
    line = {"kind": "step", "stage": "net", "step": number, "losses": {"net": 1 / number}, "logs": {"pixel": None}}
    return {**line, "lr": {"net": 1e-3}, "seconds": 0.5, "data_share": 0.1, **changes}


def validation(number: int, value: float, **changes: Any) -> dict[str, Any]:
    """A validation's line."""
    line = {"kind": "validation", "stage": "net", "step": number, "score": "psnr_y", "value": value}
    return {**line, "references": {"bicubic": 22.5}, "faces": 8, "seconds": 1.0, **changes}


LINES = (step(10), validation(10, 24.1), step(20), step(30), validation(30, 23.456))


def write_run(path: Path, lines: Sequence[Mapping[str, Any]] = LINES, *, weights: bool = True, **changes: Any) -> Path:
    """A run's folder of one stage, `net`, of 30 steps; any part of its config can be replaced."""
    (path / "samples").mkdir(parents=True)
    config = {
        "recipe": "supervised",
        "preset": None,
        "overrides": {"options": {"width": 8}, "model": "encoder_decoder"},
        "steps": 30,
        "minutes": None,
        "seed": 3,
        "precision": "float32",
        "channels_last": True,
        "validate_every": None,
        "config": {"model": "encoder_decoder", "student": {"width": 8, "fusion": None}},
        "data": {"name": "drawn", "version": "1", "hash": "ab" * 32, "path": "some faces"},
        "stage_steps": {"net": 30},
        "torchelastic_run": None,
        "command": "priorsr train supervised",
        "threads": 2,
        "device": "A CPU",
        "versions": {"priorsr": "0.1.0"},
        **changes,
    }
    (path / "config.json").write_text(json.dumps(config))
    (path / "metrics.jsonl").write_text("".join(map(line_text, lines)))
    for number in (10, 30):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path / "samples" / f"net-{number:07}.png")
    if weights:
        torch.manual_seed(0)
        model = priorsr.create("model", "encoder_decoder", width=4, depth=1)
        priorsr.save(model, path / "weights" / "net.safetensors", card={"stage": "net", "scores": {"psnr_y": 23.456}})
    return path
