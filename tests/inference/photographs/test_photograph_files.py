from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))  # for `import patterns`

from patterns import Stripes, StripesConfig, face_at

from priorsr.inference.listing import list_jobs
from priorsr.inference.outcome import FileOutcome
from priorsr.inference.photographs.face_finding import PhotographFace
from priorsr.inference.photographs.photograph_files import enlarge_photographs
from priorsr.inference.pictures.writing import Writing
from priorsr.inference.upscaling.upscaler import Upscaler

FACES = {"a.png": [face_at(10, 10, 32), PhotographFace((0, 0, 70, 70))], "b.jpg": []}


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(80, 176, (60, 80, 3), np.uint8)
    for name in FACES:
        Image.fromarray(noise).save(folder / name)
    return folder


def run(photographs: Path, out: Path, **options: object) -> dict[str, FileOutcome]:
    jobs, _ = list_jobs([str(photographs)], out, compare=True)
    upscaler = Upscaler(Stripes(StripesConfig()))
    found = list(enlarge_photographs(jobs, upscaler, Writing(), scale=4, **options))
    assert [outcome.job for outcome in found] == list(jobs)
    return {outcome.job.name: outcome for outcome in found}


def test_photographs_are_written_and_every_face_is_accounted_for(photographs: Path, tmp_path: Path) -> None:
    found = run(photographs, tmp_path / "out", given=FACES)
    a = found["a.png"].as_json()
    assert a["size"] == (320, 240)
    assert [face["enlarged"] for face in a["faces"]] == [True, False]
    assert a["faces"][1]["left"] == "larger than 64 px"
    assert a["notes"] == ("the face at (0, 0), 70 x 70 px, is left as it is: larger than 64 px",)
    assert a["compare"].endswith("a.compare.png")
    assert "compare" not in found["b.jpg"].as_json()
    assert found["b.jpg"].notes == ("no face is given: enlarged bicubically",)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.compare.png", "a.png", "b.jpg"]
    with Image.open(tmp_path / "out/a.compare.png") as picture:
        assert picture.size[0] == 3 * 256 + 4 * 6


def test_faces_are_found_in_the_pixels_of_each_photograph(photographs: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, ...]] = []

    def find(image: np.ndarray) -> list[PhotographFace]:
        seen.append(image.shape)
        return []

    found = run(photographs, tmp_path / "out", find=find)
    assert seen == [(60, 80, 3), (60, 80, 3)]
    assert found["a.png"].notes == ("no face was found: enlarged bicubically",)


def test_what_fails_is_named_and_the_rest_goes_on(photographs: Path, tmp_path: Path) -> None:
    (photographs / "a.png").write_text("text")
    found = run(photographs, tmp_path / "out", given=FACES)
    assert found["a.png"].error.startswith("cannot be read as an image")
    assert found["a.png"].as_json().keys() == {"input", "error"}
    assert not found["b.jpg"].error
