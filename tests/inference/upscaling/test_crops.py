from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import priorsr
from priorsr.inference.listing import list_jobs
from priorsr.inference.outcome import FileOutcome
from priorsr.inference.pictures.writing import Writing
from priorsr.inference.upscaling.crops import enlarge_crops
from priorsr.inference.upscaling.upscaler import Upscaler

Enlarge = Callable[..., dict[str, FileOutcome]]


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Seven crops of three LR sizes, one that is grey, one see-through, and two that are broken."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "crops"
    folder.mkdir()
    for index, size in enumerate([(40, 40), (60, 60), (20, 40), (40, 60), (16, 16)]):
        Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), np.uint8)).save(folder / f"{index}.png")
    Image.fromarray(rng.integers(0, 256, (30, 30), np.uint8)).save(folder / "grey.png")
    Image.fromarray(rng.integers(0, 256, (30, 30, 4), np.uint8)).save(folder / "alpha.png")
    (folder / "text.png").write_text("text")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:-30])
    return folder


@pytest.fixture
def enlarge(crops: Path, tmp_path: Path) -> Enlarge:
    def run(*, as_is: bool = False, upscaler: Upscaler | None = None, **options: object) -> dict[str, FileOutcome]:
        jobs, _ = list_jobs([str(crops)], tmp_path / "out", **options)
        found = list(enlarge_crops(jobs, upscaler or Upscaler("bicubic"), Writing(), as_is=as_is))
        assert {outcome.job for outcome in found} == set(jobs)
        return {outcome.job.name: outcome for outcome in found}

    return run


def test_each_file_is_what_upscale_makes_of_it(enlarge: Enlarge, crops: Path, tmp_path: Path) -> None:
    found = enlarge()
    for name, outcome in found.items():
        if not outcome.error:
            with Image.open(tmp_path / "out" / name) as result:
                wanted = priorsr.upscale(crops / name, model="bicubic")
                assert (result.mode, result.size) == (wanted.mode, outcome.size)
                assert np.array_equal(np.asarray(result), np.asarray(wanted))
    assert {name: outcome.lr for name, outcome in found.items() if name[0].isdigit()} == {
        **dict.fromkeys(["0.png", "1.png", "4.png"], (16, 16)),
        "2.png": (16, 32),
        "3.png": (16, 24),
    }


def test_what_fails_is_named_and_the_rest_goes_on(enlarge: Enlarge, tmp_path: Path) -> None:
    found = enlarge()
    failed = {name: outcome.error for name, outcome in found.items() if outcome.error}
    assert failed.keys() == {"text.png", "cut.png"}
    assert failed["text.png"] == "cannot be read as an image; PNG, JPEG or WebP was expected"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(found.keys() - failed.keys())


def test_crops_are_taken_as_they_are_if_told_so(enlarge: Enlarge) -> None:
    found = enlarge(as_is=True)
    assert {outcome.size for outcome in found.values() if not outcome.error} == {
        *((320, 320), (480, 480), (160, 320), (320, 480), (128, 128), (240, 240))
    }


def test_alpha_cannot_become_jpeg_and_that_is_told(enlarge: Enlarge) -> None:
    errors = {name: outcome.error for name, outcome in enlarge(format_="jpeg").items()}
    assert "JPEG cannot hold" in errors["alpha.png"]
    assert not errors["grey.png"]


def test_a_comparison_shows_lr_bicubic_and_result(enlarge: Enlarge, tmp_path: Path) -> None:
    enlarge(compare=True)
    with Image.open(tmp_path / "out/2.compare.png") as picture:
        pixels = np.asarray(picture)
    with Image.open(tmp_path / "out/2.png") as result:
        shown = np.kron(np.asarray(result), np.ones((1, 1, 1), np.uint8))
    height, width = shown.shape[:2]
    cells = [pixels[-6 - height : -6, 6 + at * (width + 6) :][:, :width] for at in range(3)]
    assert np.array_equal(cells[2], shown)
    assert np.array_equal(cells[1], shown)  # the model is bicubic
    assert np.array_equal(cells[0], np.repeat(np.repeat(cells[0][::8, ::8], 8, 0), 8, 1))


def test_a_model_that_raises_fails_its_group_only(enlarge: Enlarge, monkeypatch: pytest.MonkeyPatch) -> None:
    upscaler = Upscaler("bicubic")
    real = upscaler.enlarge

    def enlarged(lr: list[np.ndarray]) -> list[np.ndarray]:
        if lr[0].shape == (16, 16, 3):
            raise RuntimeError("out of memory\nat the second line")
        return real(lr)

    monkeypatch.setattr(upscaler, "enlarge", enlarged)
    errors = {name: outcome.error for name, outcome in enlarge(upscaler=upscaler).items()}
    assert errors["0.png"] == "out of memory at the second line"
    assert not errors["2.png"]


def test_a_disk_that_refuses_fails_the_file(enlarge: Enlarge, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/3.png").mkdir()
    errors = {name: outcome.error for name, outcome in enlarge(overwrite=True).items()}
    assert "3.png: is a folder; a file to write was expected" in errors["3.png"]
    assert not errors["2.png"]
