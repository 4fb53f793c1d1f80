from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.bench import run
from priorsr.bench.board.by_group import by_group
from priorsr.bench.board.groups_picture import draw_groups, worst_faces
from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.store.results import write_record
from priorsr.bench.store.run_facts import DataFacts
from priorsr.data import FaceSet
from priorsr.data.manifest import Provenance
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.errors import DataError, OptionError, UnknownNameError

GLASSES, HAT = 3, 14
PARTS = {"a": (), "b": (GLASSES,), "c": (GLASSES, HAT), "d": (), "e": ()}
BICUBIC = {"a": 20.0, "b": 21.0, "c": 22.0, "d": 23.0, "e": 24.0}
OURS = {"a": 23.0, "b": 22.0, "c": 23.5, "d": 26.0, "e": 26.5}


def pixels(parts: tuple[int, ...]) -> Pixels:
    parsing = np.full((16, 16), 1, dtype=np.uint8)
    parsing[6:10, 7:9] = 2
    for row, part in enumerate(parts):
        parsing[row] = part
    return Pixels(np.full((16, 16, 3), 200, dtype=np.uint8), parsing)


@pytest.fixture
def faces(tmp_path: Path) -> FaceSet:
    there = [Face(name, "val", name, partial(pixels, parts)) for name, parts in PARTS.items()]
    about = About(name="parts", source="made by hand", licence="CC0-1.0")
    return write_face_set(tmp_path / "set", there, about, parsing=Provenance(tool="hand", version="1"))


@pytest.fixture
def results(make_record, faces: FaceSet, tmp_path: Path) -> Path:
    data = DataFacts(name="parts", version="1", licence="CC0-1.0", hash=faces.hash, split="val", count=5)
    for label, values in (("bicubic", BICUBIC), ("ours", OURS)):
        write_record(tmp_path / "results", make_record(label, values, data=data))
    return tmp_path / "results"


def test_means_and_gains_of_each_group(results: Path, faces: FaceSet) -> None:
    (table,) = by_group(results, faces)
    assert table.score == "psnr"
    assert table.groups == {
        "all": ("a", "b", "c", "d", "e"),
        "glasses": ("b", "c"),
        "hat": ("c",),
        "none of these": ("a", "d", "e"),
    }
    glasses = table.scores["ours", "glasses"]
    assert glasses.mean.mean == 22.75
    assert glasses.mean.interval95 == interval_of_images([22.0, 23.5])
    assert glasses.gain is not None
    assert glasses.gain.mean == 1.25
    assert glasses.gain.interval95 == interval_of_images([1.0, 1.5])
    hat = table.scores["ours", "hat"]
    assert (hat.mean.mean, hat.mean.interval95) == (23.5, None)  # one face tells no interval
    assert table.scores["bicubic", "all"].gain is None
    assert table.scores["bicubic", "none of these"].mean.mean == pytest.approx(67 / 3)


def test_what_cannot_be_grouped(results: Path, faces: FaceSet, tmp_path: Path) -> None:
    about = About(name="no maps", source="made by hand", licence="CC0-1.0")
    bare = write_face_set(tmp_path / "bare", [Face("a", "val", "a", lambda: pixels(())._replace(parsing=None))], about)
    with pytest.raises(DataError, match="has no parsing maps"):
        by_group(results, bare)
    other = write_face_set(
        tmp_path / "other",
        [Face("z", "val", "z", partial(pixels, ()))],
        about,
        parsing=Provenance(tool="hand", version="1"),
    )
    with pytest.raises(OptionError, match="no record is of the faces"):
        by_group(results, other)
    with pytest.raises(UnknownNameError, match="no record under 'dic@2'.*dic@1"):
        by_group(results, faces, protocols=["dic@2"])
    with pytest.raises(UnknownNameError, match="no record has the score 'psnrr'.*psnr"):
        by_group(results, faces, score="psnrr")


def test_the_worst_face_of_each_group_is_drawn(faces: FaceSet, tmp_path: Path) -> None:
    results = tmp_path / "run"
    run("bicubic", data=faces, split="val", protocols=["ctcnet@1"], out=results, batch_size=5)
    (table,) = by_group(results, faces)
    scores = {"a": 25.0, "b": 24.0, "c": 23.0, "d": 22.0, "e": 21.0}
    (row,) = table.board.rows
    told = replace(row, scores={table.score: replace(row.scores[table.score], per_image=scores)})
    assert worst_faces(table, told) == {"glasses": "c", "hat": "c", "none of these": "e"}
    scores["c"] = 25.0
    assert worst_faces(table, told)["glasses"] == "b"
    picture = tmp_path / "groups.png"
    assert draw_groups(table, faces, results, picture)
    with Image.open(picture) as drawn:
        width, height = drawn.size
        pixels = np.asarray(drawn.convert("RGB"))
    assert height > 3 * 192  # glasses, hat, none of these
    assert width > 2 * 192  # bicubic, HR
    assert (pixels == 200).all(axis=-1).sum() > 4 * 192 * 192  # the faces are grey
    shutil.rmtree(results / "outputs")
    assert not draw_groups(table, faces, results, tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
