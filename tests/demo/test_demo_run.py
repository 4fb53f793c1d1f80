"""The demo, with a few steps of training on a few faces: everything that it promises is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from priorsr.bench import read_results
from priorsr.demo import demo_run
from priorsr.demo.demo_run import BLOCKS, DemoSettings, run_demo, shipped_models
from priorsr.errors import DataError, MissingWeightsError, OptionError
from priorsr.metrics import protocol_names

pytest.importorskip("dlib")
pytest.importorskip("priorsr_weights")


def demo(out: Path, data: Path, steps: int = 3) -> tuple[object, list[str]]:
    lines: list[str] = []
    settings = DemoSettings(str(data), steps, 0)
    return run_demo(out, settings, Console(quiet=True), lines.append), lines


def test_the_demo_leaves_a_page_a_picture_and_records(tiny_faces: Path, tmp_path: Path) -> None:
    for _ in range(2):  # again, everything is there already
        found, lines = demo(tmp_path, tiny_faces)
    assert [line[:3] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert "twice 3 steps" in lines[2]
    records = read_results(tmp_path / "results")
    labels = {record.model.label for record in records}
    assert len(labels) == 1 + len(shipped_models()) + len(BLOCKS)
    assert {"bicubic", "PKDN", *(f"KDFSRNet nano, {block}, 3 steps" for block in BLOCKS)} <= labels
    assert len(records) == len(found.records) == len(labels) * len(protocol_names())
    assert found.page.stat().st_size > 1000
    with Image.open(found.picture) as picture:
        assert picture.height > picture.width / 2  # the portrait and three faces


def test_the_shipped_model_enlarges_the_portrait_better_than_bicubic() -> None:
    import torch

    import priorsr
    from priorsr.demo.portrait import portrait_face
    from priorsr.demo.shown import _reduced
    from priorsr.metrics import load_protocol, psnr

    face = portrait_face(128)[None]
    lr = _reduced(face[0], load_protocol("priorsr@1").reduction)[None]
    with torch.inference_mode():
        scores = [
            float(psnr(model(lr).sr, face)) for model in (priorsr.create("model", "bicubic"), priorsr.load("pkdn"))
        ]
    assert scores[1] > scores[0] + 2


def test_another_demo_in_the_same_folder_is_refused(tiny_faces: Path, tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"data": null, "steps": 7, "seed": 0}')
    with pytest.raises(OptionError, match="holds a demo of .*'steps': 7"):
        demo(tmp_path, tiny_faces)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file: is a file; a folder"):
        demo(tmp_path / "file", tiny_faces)


def test_without_weights_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run.priorsr, "weights_names", list)
    with pytest.raises(MissingWeightsError, match=r"pip install 'priorsr\[weights\]'"):
        shipped_models()
