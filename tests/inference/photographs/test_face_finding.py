from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from priorsr.errors import DataError, MissingExtraError
from priorsr.inference.photographs import face_finding as module
from priorsr.inference.photographs.face_finding import dlib_finder, read_boxes


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_boxes_and_points_are_read_by_path_or_by_name(tmp_path: Path) -> None:
    points = [[index, 2 * index] for index in range(5)]
    path = write(
        tmp_path / "boxes.json",
        {"a.jpg": [{"box": [1, 2.5, 30, 40]}, {"box": [9, 9, 9, 9], "points": points}], "deep/a.jpg": [], "b.jpg": []},
    )
    found = read_boxes(path, ["a.jpg", "deep/a.jpg", "other/a.jpg"])
    assert list(found) == ["a.jpg", "deep/a.jpg", "other/a.jpg"]
    assert found["a.jpg"][0].box == (1, 2.5, 30, 40)
    assert found["a.jpg"][0].points is None
    assert np.array_equal(found["a.jpg"][1].points, points)
    assert found["deep/a.jpg"] == []
    assert len(found["other/a.jpg"]) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"b.jpg": []}, "has no entry for 'a.jpg'"),
        ({"a.jpg": [{"box": [1, 2, 3]}]}, "a.jpg.0.box"),
        ({"a.jpg": [{"box": [1, 2, 0, 4]}]}, "a.jpg.0.box.2 is 0"),
        ({"a.jpg": [{"box": [1, 2, 3, "4"]}]}, "a.jpg.0.box.3 is '4'"),
        ({"a.jpg": [{"box": [1, 2, 3, 4], "points": [[1, 2]]}]}, "1 points; 68 or 5 were expected"),
        ({"a.jpg": [{"box": [1, 2, 3, 4], "point": []}]}, "a.jpg.0.point"),
        ({"a.jpg": [{"points": []}]}, "a.jpg.0.box"),
        ([], "the file is \\[\\]"),
    ],
)
def test_a_file_of_boxes_that_is_wrong_is_told(content: object, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"boxes.json: .*{sentence}"):
        read_boxes(write(tmp_path / "boxes.json", content), ["a.jpg"])


def test_without_dlib_a_sentence_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"install it with pip install 'priorsr\[landmarks\]', or .*--boxes"):
        dlib_finder()


def test_dlib_finds_a_face_with_its_points() -> None:
    if any(importlib.util.find_spec(name) is None for name in ("priorsr_dlib", "dlib", "face_recognition_models")):
        pytest.skip("priorsr-dlib is not installed, with dlib and its models")
    from skimage.data import astronaut

    (face,) = dlib_finder()(np.ascontiguousarray(astronaut()[:320:2, 64:384:2]))
    x, y, width, height = face.box
    assert (x + width / 2, y + height / 2) == pytest.approx(((228 - 64) / 2, 127 / 2), abs=5)
    assert width == pytest.approx(46, abs=6)
    assert face.points.shape == (68, 2)
    eyes = face.points[36:48].reshape(2, 6, 2).mean(1)
    assert np.allclose(eyes, [[(203 - 64) / 2, 101 / 2], [(247 - 64) / 2, 103 / 2]], atol=3)
