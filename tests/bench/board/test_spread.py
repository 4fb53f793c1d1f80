"""The same images under every scoring half: each number is what the protocol makes of them, and images are checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from priorsr.bench import run
from priorsr.bench.board.spread import spreads, write_spreads
from priorsr.data import FaceSet
from priorsr.errors import DataError
from priorsr.metrics import load_protocol, protocol_names

ONCE = {"split": "val", "batch_size": 5}


@pytest.fixture(scope="module")
def results(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bicubic's images with floating point, under two protocols of one reduction."""
    out = tmp_path_factory.mktemp("results")
    run("bicubic", data=faces, protocols=["priorsr@1", "kdfsrnet@1"], out=out, **ONCE)
    return out


def test_every_protocol_scores_the_same_images(results: Path, faces: FaceSet) -> None:
    (spread,) = spreads(results)
    assert (spread.data, spread.split, spread.faces, spread.reduction) == ("clouds", "val", 5, "pil-bicubic")
    (row,) = spread.rows
    assert (row.label, row.eight_bit) == ("bicubic", False)
    assert list(row.scores) == protocol_names() == list(spread.scored_as)
    (alone,) = run("bicubic", data=faces, protocols=["kdfsrnet@1"], out=results, **ONCE)
    assert row.scores["kdfsrnet@1"] == pytest.approx({n: s.value for n, s in alone.scores.items()}, abs=1e-12)
    assert row.scores["pfsr@1"].keys() == {"psnr", "ssim", "msssim"}
    assert row.scores["mmagic@1"]["psnr"] == row.scores["priorsr@1"]["psnr_rgb"]


def test_pictures_and_numbers_are_written(results: Path, tmp_path: Path) -> None:
    paths = write_spreads(spreads(results, ["dic@1", load_protocol("mmagic@1")]), tmp_path / "out")
    assert [path.name for path in paths] == ["spread.json", "spread-clouds-val-pil-bicubic.png"]
    (content,) = json.loads(paths[0].read_text())["spreads"]
    assert content["scored_as"] == {
        "dic@1": {"psnr": "psnr", "ssim": "ssim"},
        "mmagic@1": {"psnr": "psnr", "ssim": "ssim"},
    }
    assert content["rows"][0]["scores"]["dic@1"]["psnr"] > content["rows"][0]["scores"]["mmagic@1"]["psnr"]
    with Image.open(paths[1]) as picture:
        assert picture.size[0] > 500


def test_8_bit_images_are_told(faces: FaceSet, tmp_path: Path) -> None:
    run("bicubic", data=faces, protocols=["dic@1"], out=tmp_path, **ONCE)
    (spread,) = spreads(tmp_path, ["dic@1", "kdfsrnet@1"])
    assert spread.rows[0].eight_bit


def test_other_images_are_refused(faces: FaceSet, tmp_path: Path) -> None:
    (record,) = run("bicubic", data=faces, protocols=["dic@1"], out=tmp_path, **ONCE)
    first, second = sorted(record.images)[:2]
    folder = tmp_path / "outputs" / str(record.outputs)
    (folder / f"{first}.png").write_bytes((folder / f"{second}.png").read_bytes())
    with pytest.raises(DataError, match=f"{first}: is another image than the record {record.id}"):
        spreads(tmp_path, ["dic@1"])


def test_a_folder_without_images_is_refused(faces: FaceSet, tmp_path: Path) -> None:
    run("bicubic", data=faces, protocols=["dic@1"], out=tmp_path, save_outputs=False, **ONCE)
    with pytest.raises(DataError, match="keeps no SR images"):
        spreads(tmp_path)
