"""The demo, with a few steps of training on a few faces: everything that it promises is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from priorsr.bench import read_results
from priorsr.cli import demo
from priorsr.errors import OptionError
from priorsr.metrics import protocol_names


def test_the_demo_leaves_a_page_a_picture_and_records(
    tiny_faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # again, everything is there already
        demo.demo(out=tmp_path, data=tiny_faces, steps=7, seed=0)
    assert "DIC 7 steps, PFSR 7 steps; about 0.1 minutes on two quiet cores" in capsys.readouterr().err.replace(
        "\n", " "
    )
    records = read_results(tmp_path / "results")
    models = {(record.model.name, record.prior.source) for record in records}
    assert models == {(name, "none") for name in ("bicubic", *demo.SYSTEMS)}
    assert len({record.protocol.id for record in records}) == len(protocol_names()) > 1
    assert len(records) == len(models) * len(protocol_names())
    assert (tmp_path / "site" / "index.html").stat().st_size > 1000
    with Image.open(tmp_path / "demo.png") as picture:
        assert picture.width > picture.height
    with pytest.raises(OptionError, match="holds a demo of .*'steps': 7"):
        demo.demo(out=tmp_path, data=tiny_faces, steps=8, seed=0)
