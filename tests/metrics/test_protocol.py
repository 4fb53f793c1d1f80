"""Protocols as files: what is read, what is refused, and that published ones never change."""

from __future__ import annotations

import dataclasses
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.data.reduction import reduce
from priorsr.errors import DataError, OptionError, ShapeError, UnknownNameError
from priorsr.metrics import load_protocol, protocol_names

PUBLISHED = {
    "ctcnet@1": "5910c6281bf3",
    "dic@1": "003b7bc7f997",
    "kdfsrnet@1": "e0f4d2ff6347",
    "mmagic@1": "1618ad6b7802",
    "pfsr@1": "3b3dff954bdd",
    "priorsr@1": "d9b8389f0301",
    "sfmnet@1": "69df98caeb67",
}


def published_text(name: str) -> str:
    return (files("priorsr.metrics") / "protocols" / f"{name}.toml").read_text(encoding="utf-8")


def test_published_protocols_never_change():
    """A protocol with another meaning is another version: add a file, leave the old ones as they are."""
    assert {name: load_protocol(name).short_hash for name in protocol_names()} == PUBLISHED


def test_what_a_protocol_says():
    protocol = load_protocol("pfsr@1")
    assert (protocol.id, protocol.name, protocol.version) == ("pfsr@1", "pfsr", 1)
    assert protocol.reduction.kernel == "bilinear-chain"
    assert protocol.scoring.batch == 16
    assert protocol.scoring.scores["msssim"].last_scale_counted == 4
    assert all("fault" in load_protocol(name).description for name in protocol_names() if name != "priorsr@1")
    assert not protocol.is_adapted


def test_one_run_serves_protocols_with_the_same_reduction():
    hashes = {name: load_protocol(name).reduction.content_hash for name in protocol_names()}
    assert hashes["dic@1"] == hashes["priorsr@1"] != hashes["pfsr@1"]
    assert len({load_protocol(name).scoring.content_hash for name in hashes}) == len(hashes)


def test_any_path_and_the_prose_is_not_hashed(tmp_path):
    path = tmp_path / "my-lab@3.toml"
    path.write_text("# mine\n" + published_text("dic@1").replace('description = "', 'description = "Ours, '))
    for name in (path, str(path)):
        protocol = load_protocol(name)
        assert protocol.id == "my-lab@3"
        assert protocol.description.startswith("Ours, ")
        assert protocol.content_hash == load_protocol("dic@1").content_hash


@pytest.mark.parametrize(
    ("half", "old", "new"),
    [
        ("reduction", 'kernel = "pil-bicubic"', 'kernel = "matlab-bicubic"'),
        (
            "reduction",
            "quantise = true\n\n[scoring]\nquantise = true",
            "quantise = false\n\n[scoring]\nquantise = true",
        ),
        ("scoring", "border = 8", "border = 4"),
        ("scoring", "[scoring]\nquantise = true", "[scoring]\nquantise = false"),
        ("scoring", "batch = 1", "batch = 16"),
        ("scoring", 'colour = "y8-wrapped"', 'colour = "y8"'),
        ("scoring", "sigma = 1.5", "sigma = 1.4"),
        ("scoring", "[scoring.psnr]", "[scoring.psnr_y]"),
    ],
)
def test_every_meaning_is_hashed(tmp_path, half, old, new):
    text = published_text("dic@1")
    assert text.count(old) == 1
    path = tmp_path / "dic@2.toml"
    path.write_text(text.replace(old, new))
    changed, published = load_protocol(path), load_protocol("dic@1")
    assert changed.content_hash != published.content_hash
    same = {"reduction": "scoring", "scoring": "reduction"}[half]
    assert getattr(changed, half).content_hash != getattr(published, half).content_hash
    assert getattr(changed, same).content_hash == getattr(published, same).content_hash


@pytest.mark.parametrize("name", PUBLISHED)
def test_adapted(name):
    published = load_protocol(name)
    adapted = published.adapted(64)
    assert adapted.id == f"{name} (adapted to 64 px)"
    assert adapted.is_adapted
    assert adapted.content_hash != published.content_hash
    hr = torch.randint(0, 256, (1, 3, 64, 64)) / 255
    assert adapted.score(hr, hr).per_image.keys() == published.scoring.scores.keys()
    assert adapted.scoring == published.scoring
    assert adapted.reduction.hr_size == 64
    assert adapted.adapted(128) == published.adapted(128) == published
    with pytest.raises(OptionError, match="hr_size is 60; a multiple of the scale 8"):
        published.adapted(60)


def test_reduction_half_reduces():
    hr = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    for name in protocol_names():
        reduction = load_protocol(name).reduction
        assert np.array_equal(reduction.reduce(hr), reduce(hr, 8, reduction.kernel))
    with pytest.raises(ShapeError, match="64 x 128 pixels; the protocol is for 128 x 128"):
        load_protocol("dic@1").reduction.reduce(hr[:64])


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_protocol("dic@1").version = 2


def test_unknown_names(tmp_path):
    with pytest.raises(UnknownNameError, match=r"'dic'.*'dic@1'"):
        load_protocol("dic")
    with pytest.raises(DataError, match=r"my@1\.toml: there is no such file"):
        load_protocol(tmp_path / "my@1.toml")


@pytest.mark.parametrize("name", ["dic.toml", "dic@0.toml", "dic@one.toml", "Dic@1.toml"])
def test_file_names(tmp_path, name):
    (tmp_path / name).write_text(published_text("dic@1"))
    with pytest.raises(DataError, match="NAME@V was expected"):
        load_protocol(tmp_path / name)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('crop = "', 'crop = "broken\n', ["cannot be read as TOML"]),
        ('crop = "', 'kroo = "', ["lacks the key 'crop'"]),
        ("[reduction]", "colour = 1\n[reduction]", ["'colour'"]),
        ("hr_size = 128", "hr_sise = 128", ["[reduction] lacks the key 'hr_size'", "hr_sise"]),
        ("hr_size = 128", "hr_size = 128\nsharpen = true", ["[reduction]", "'sharpen'", "hr_size"]),
        ("hr_size = 128", 'hr_size = "128"', ["[reduction]", "hr_size", "'128'", "integer"]),
        ("hr_size = 128", "hr_size = 100", ["hr_size is 100; a multiple of the scale 8"]),
        ("scale = 8", "scale = 0", ["[reduction]", "scale", "0"]),
        ("pil-bicubic", "pil-cubic", ["'pil-cubic'", "pil-bicubic"]),
        ("border = 8", "border = -1", ["[scoring]", "border", "-1"]),
        ("border = 8", "border = 8.5", ["[scoring]", "border", "8.5"]),
        ("batch = 1", "batch = 0", ["[scoring]", "batch", "0"]),
        ("batch = 1", "", ["[scoring] lacks the key 'batch'"]),
        ("batch = 1", "batch = 1\nmask = 2", ["[scoring]", "'mask'"]),
        ("[scoring]\nquantise = true", "[scoring]\nquantise = 1", ["[scoring]", "quantise", "bool"]),
        (
            'score = "ssim"',
            'score = "lpips"',
            ["[scoring.ssim]", "'lpips'", "'psnr', 'ssim', 'ssim-uniform', 'msssim'"],
        ),
        ('score = "ssim"', "score = []", ["[scoring.ssim]", "'psnr', 'ssim', 'ssim-uniform', 'msssim'"]),
        ('colour = "y8-wrapped"', 'colour = "Y"', ["[scoring.ssim]", "colour", "'Y'", "'y8-wrapped'"]),
        ("window = 11", "window = 0", ["[scoring.ssim]", "window", "0"]),
        ("sigma = 1.5", "sigma = -1.5", ["[scoring.ssim]", "sigma", "-1.5"]),
        ("sigma = 1.5", "", ["[scoring.ssim] lacks the key 'sigma'"]),
        ("sigma = 1.5", "sigma = 1.5\ntest_y_chanel = true", ["[scoring.ssim]", "'test_y_chanel'"]),
    ],
)
def test_broken_files(tmp_path, old, new, words):
    path: Path = tmp_path / "dic@2.toml"
    path.write_text(published_text("dic@1").replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        load_protocol(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_protocol_without_scores(tmp_path):
    path = tmp_path / "none@1.toml"
    path.write_text(published_text("dic@1").split("[scoring.psnr]")[0])
    with pytest.raises(DataError, match=r"at least one table \[scoring.NAME\]"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.2363, 0.1333]", '0.2363, "0.1333"]'),
        ("[0.0448, 0.2856, 0.3001, 0.2363, 0.1333]", "[]"),
        ("sigma = 1.5", "sigma = inf"),
        ('centre = "middle"', 'centre = "left"'),
        ("last_scale_counted = 1", "last_scale_counted = 0"),
    ],
)
def test_broken_multi_scale(tmp_path, old, new):
    path = tmp_path / "priorsr@2.toml"
    text = published_text("priorsr@1")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=r"scoring\.(ms)?ssim"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sigma = 1.5", "sigma = 1e308"),
        ("sigma = 1.5", "sigma = 1e-320"),
        ("k1 = 0.01", "k1 = 1e308"),
        ("k2 = 0.03", "k2 = 1e-320"),
        ("0.2363, 0.1333]", "0.2363, 1e308]"),
        ("[0.0448, 0.2856, 0.3001, 0.2363, 0.1333]", f"[{', '.join(['0.1'] * 60)}]"),
        ("batch = 1", "batch = 4611686018427387904"),
        ("hr_size = 128", "hr_size = 4611686018427387904"),
        ('kernel = "pil-bicubic"', f'kernel = "blind-{"9" * 3000}"'),
    ],
)
def test_numbers_that_no_score_can_bear_are_refused(tmp_path, old, new):
    path = tmp_path / "priorsr@2.toml"
    text = published_text("priorsr@1")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=rf"{path.name}: .*(scoring|reduction)"):
        load_protocol(path)


def test_a_protocol_is_for_one_size():
    published = load_protocol("dic@1")
    assert published.hr_size == 128
    with pytest.raises(OptionError, match="dic@1 is for no HR size"):
        dataclasses.replace(published, reduction=dataclasses.replace(published.reduction, hr_size=None))
