"""The same numbers again: settings, threads, batches, and memory that does not grow with the set."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import slow
import torch
from doubles import clouds, protocol
from torch import nn

from priorsr.bench import Record, run
from priorsr.bench.running.profile import LiveMemory
from priorsr.bench.scoring.deterministic import deterministic
from priorsr.bench.scoring.evaluation import evaluate
from priorsr.containers import Batch
from priorsr.metrics import load_protocol

CPU = torch.device("cpu")
ALL = ["priorsr@1", "dic@1", "kdfsrnet@1", "pfsr@1", "sfmnet@1", "ctcnet@1", "mmagic@1"]


def float32_settings() -> list[Any]:
    cudnn, mkldnn = torch.backends.cudnn, torch.backends.mkldnn
    return [torch.backends.cuda.matmul, mkldnn.matmul, mkldnn.conv, cudnn.conv, cudnn.rnn]


def settings() -> list[object]:
    return [
        *(part.fp32_precision for part in float32_settings()),
        torch.are_deterministic_algorithms_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    ]


@pytest.mark.parametrize("asked", ["high", "medium", "newer"])
def test_float32_is_not_shortened_and_settings_come_back(asked: str) -> None:
    before = settings()
    try:
        if asked == "newer":
            torch.backends.mkldnn.matmul.fp32_precision = "bf16"
        else:
            torch.set_float32_matmul_precision(asked)
        changed = settings()
        assert changed != before
        with deterministic(CPU):
            assert settings() == ["ieee"] * 5 + [True, False, True, False]
        assert settings() == changed
    finally:
        if asked != "newer":
            torch.set_float32_matmul_precision("highest")
        for setting, precision in zip(float32_settings(), before, strict=False):
            setting.fp32_precision = precision


def test_autocast_from_outside_is_not_taken_over() -> None:
    layer, x = nn.Linear(4, 4), torch.ones(1, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
        with deterministic(CPU):
            assert layer(x).dtype == torch.float32


def scores(records: list[Record]) -> dict[tuple[str, str, str], float]:
    """Every pixel score of every face."""
    return {
        (record.protocol.id, name, face): value
        for record in records
        for name, score in record.scores.items()
        for face, value in score.per_image.items()
    }


def test_threads_and_batches_move_no_pixel_score_by_more_than_a_ten_thousandth(tmp_path: Path) -> None:
    faces = clouds(tmp_path / "set", count=5)
    options = {"data": faces, "split": "val", "protocols": ALL, "save_outputs": False}
    model = slow.Slow(slow.SlowConfig())
    expected = scores(run(model, out=tmp_path / "16", batch_size=16, **options))
    for threads, batch in ((1, 1), (2, 16)):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            found = scores(run(model, out=tmp_path / f"{threads}-{batch}", batch_size=batch, **options))
        finally:
            torch.set_num_threads(before)
        assert found == pytest.approx(expected, abs=1e-4)


def peaks(path: Path, count: int) -> tuple[int, int]:
    """The most bytes of tensors, and of arrays and all else of Python, while `count` faces are scored."""
    faces = clouds(path / "set", count)
    scored = protocol(path / "psnr@1.toml", quantise=True, border=0)
    tracemalloc.start()
    try:
        with LiveMemory() as live:
            run("bicubic", data=faces, split="val", protocols=[scored], out=path / "out", batch_size=4)
        return live.peak, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_more_faces_take_no_more_image_memory(tmp_path: Path) -> None:
    """What is kept of a face is what its record says: less than 32 KiB, where HR as bytes has 48, as a tensor 192."""
    few, many = 8, 40
    peaks(tmp_path / "warm", 4)  # what is loaded at first use
    tensors, rest = zip(peaks(tmp_path / "few", few), peaks(tmp_path / "many", many), strict=True)
    assert tensors[1] - tensors[0] < 4 * 1024 * (many - few)
    assert rest[1] - rest[0] < 32 * 1024 * (many - few)


def test_scores_do_not_depend_on_the_layout_in_memory() -> None:
    torch.manual_seed(0)
    hr, lr = (torch.randint(256, (6, 3, side, side)).float() / 255 for side in (128, 16))
    sr = (hr + 0.05 * torch.randn_like(hr)).clamp(0, 1)
    protocols = [load_protocol("pfsr@1"), load_protocol("dic@1")]
    batch = Batch(lr, hr, None, tuple("abcdef"))
    layouts = (torch.contiguous_format, torch.channels_last)
    found = [evaluate(sr.to(memory_format=layout), batch, protocols, {}).protocols for layout in layouts]
    as_numbers = [
        [[{name: values.tolist() for name, values in part.items()} for part in scores] for scores in one.values()]
        for one in found
    ]
    assert as_numbers[0] == as_numbers[1]
