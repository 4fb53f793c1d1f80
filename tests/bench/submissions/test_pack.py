"""What is packed, and what cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checking import records
from PIL import Image

import priorsr
from priorsr.bench.submissions.pack import pack
from priorsr.errors import DataError, OptionError


def test_packing_twice_makes_the_same_file(results, rounded, tmp_path) -> None:
    again = pack(results, records(results, "small", "dic@1"), tmp_path / "again.zip")
    assert again.read_bytes() == rounded.read_bytes()


def test_what_cannot_be_packed(results, copied, weights, tmp_path) -> None:
    both = records(results, "small", "dic@1") + records(results, "bicubic", "dic@1")
    with pytest.raises(OptionError, match="are not of one model"):
        pack(results, both, tmp_path / "a.zip")
    with pytest.raises(OptionError, match="neither SR images nor weights"):
        pack(results, records(results, "small"), tmp_path / "a.zip", outputs=False)
    with pytest.raises(OptionError, match="no record to pack"):
        pack(results, [], tmp_path / "a.zip")
    next((copied / "outputs").rglob("*.npy")).unlink()
    mine = records(copied, "small")
    for record in mine:
        for array in (copied / "outputs" / record.outputs).glob("*.npy"):
            array.unlink()
    with pytest.raises(DataError, match="is not there, and"):
        pack(copied, mine, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_an_image_that_is_not_the_records_is_not_packed(copied, tmp_path) -> None:
    mine = records(copied, "small", "dic@1")
    face, (record,) = sorted(mine[0].images)[1], mine
    path = copied / "outputs" / record.outputs / f"{face}.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(path)
    with pytest.raises(DataError, match=rf"{face}.png: is another image than that of the record {record.id}"):
        pack(copied, mine, tmp_path / "a.zip")
    both = records(copied, "small")
    path = path.with_suffix(".npy")
    np.save(path, np.load(path)[::-1])
    with pytest.raises(DataError, match=rf"{face}.npy: is another image than that of the record"):
        pack(copied, both, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_weights_whose_card_contradicts_the_record_are_not_packed(results, weights, tmp_path) -> None:
    model = priorsr.load(weights)
    priorsr.save(model, tmp_path / "same.safetensors", card={"note": "a test", "seed": 3})
    with pytest.raises(DataError, match=r"same.safetensors: \w{16}: model.card.seed: the record has nothing, and 3"):
        pack(results, records(results, "small"), tmp_path / "a.zip", weights=tmp_path / "same.safetensors")


def test_an_interval_of_the_older_rule_is_computed_again(copied, tmp_path) -> None:
    """The interval is that of SciPy 1.17's percentile bootstrap of these values."""
    (record,) = records(copied, "small", "dic@1")
    path = copied / "records" / f"{record.id}.json"
    content = json.loads(path.read_text())
    content["statistics"] = {"interval": "percentile bootstrap over images", "resamples": 10_000, "seed": 5}
    for score in content["scores"].values():
        score["per_image"] = dict(zip(score["per_image"], [20.0, 21.0, 25.0], strict=True))
        score["mean"] = score["value"] = 22.0
        score["interval95"] = [20.0, 25.0]
    path.write_text(json.dumps(content))
    pack(copied, records(copied, "small", "dic@1"), tmp_path / "a.zip")
    content["scores"]["psnr"]["interval95"] = [21.0, 25.0]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"scores.psnr.interval95 is \(21.0, 25.0\), and the faces' .* \(20.0, 25.0\)"):
        pack(copied, records(copied, "small", "dic@1"), tmp_path / "b.zip")
    content["statistics"]["resamples"] = 10
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="statistics are 10 resamples of the seed 5; 10000 of a seed from 0"):
        pack(copied, records(copied, "small", "dic@1"), tmp_path / "b.zip")
