from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from priorsr.data import FaceSet
from priorsr.data.importers.divide import divide
from priorsr.data.importers.synthetic import synthesise
from priorsr.data.synth import draw_faces
from priorsr.errors import OptionError


def test_a_set_holds_the_faces_that_are_drawn(tiny_faces: Path) -> None:
    made, drawn = FaceSet.open(tiny_faces), draw_faces(0, 0, 12, size=64)
    for index in range(12):
        face = f"{index:06d}"
        assert np.array_equal(made.image(face), drawn.images[index].permute(1, 2, 0).numpy())
        parsing, points = made.parsing(face), made.landmarks(face)
        assert parsing is not None
        assert points is not None
        assert np.array_equal(parsing, drawn.parsing[index].numpy())
        assert np.array_equal(points[0], drawn.landmarks[index].numpy())
        assert points[1].all()
    assert {split: len(made.ids(split)) for split in made.splits} == {"train": 7, "val": 3, "test": 2}
    assert made.manifest.priors["landmarks"].tool == "priorsr.data.synth"


def test_the_seed_decides(tmp_path: Path) -> None:
    one, two, other = (synthesise(tmp_path / str(i), count=2, seed=seed, size=32) for i, seed in enumerate((7, 7, 8)))
    assert one.hash == two.hash != other.hash


def test_the_last_tenths_are_val_and_test() -> None:
    splits = divide([f"{index:02d}" for index in range(25)])
    assert [splits[f"{index:02d}"] for index in range(25)] == ["train"] * 21 + ["val"] * 2 + ["test"] * 2
    assert divide(["only"]) == {"only": "train"}
    assert divide(["a", "b", "c"], val=2, test=0) == {"a": "train", "b": "val", "c": "val"}
    with pytest.raises(OptionError, match="3 faces cannot give 2 to val and 1 to test"):
        divide(["a", "b", "c"], val=2, test=1)


@pytest.mark.parametrize(("option", "value"), [("count", 0), ("seed", -1), ("size", 8)])
def test_wrong_options_are_told(tmp_path: Path, option: str, value: int) -> None:
    with pytest.raises(OptionError, match=f"{option} is {value}; a number from"):
        synthesise(tmp_path / "out", **{"count": 1, "seed": 0, option: value})
