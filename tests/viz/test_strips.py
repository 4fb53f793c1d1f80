from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from priorsr.errors import ShapeError
from priorsr.viz.strips import GAP, draw_strips, save_picture


def flat(value: float, size: int) -> torch.Tensor:
    return torch.full((3, size, size), value)


def test_rows_are_faces_and_columns_versions_all_of_one_size() -> None:
    picture = draw_strips({"LR": [flat(0, 16), flat(1, 16)], "HR": [flat(0.5, 128), flat(0.25, 128)]})
    pixels = np.asarray(picture)
    side = 256
    assert picture.size[0] == 3 * GAP + 2 * side
    lower = picture.size[1] - GAP - side // 2
    upper = lower - side - GAP
    left, right = GAP + side // 2, 2 * GAP + side + side // 2
    assert [pixels[y, x, 0] for y, x in ((upper, left), (lower, left), (upper, right), (lower, right))] == [
        *(0, 255, 128, 64)
    ]


def test_small_images_are_enlarged_by_repeating_pixels() -> None:
    checks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).expand(3, 2, 2)
    pixels = np.asarray(draw_strips({"LR": [checks], "HR": [flat(0.5, 128)]}))[..., 0]
    cell = pixels[-GAP - 256 : -GAP, GAP : GAP + 256]
    assert np.array_equal(cell, np.kron([[0, 255], [255, 0]], np.ones((128, 128))))


def test_images_that_are_no_squares_keep_their_shape() -> None:
    lr = torch.tensor([[0.0, 1.0, 0.0]]).expand(3, 1, 3)
    picture = draw_strips({"LR": [lr], "HR": [torch.full((3, 64, 192), 0.5)]})
    cell = np.asarray(picture)[-GAP - 64 : -GAP, GAP : GAP + 192, 0]
    assert picture.size[0] == 3 * GAP + 2 * 192
    assert np.array_equal(cell, np.kron([[0, 255, 0]], np.ones((64, 64))))


def test_values_outside_the_range_are_clamped() -> None:
    pixels = np.asarray(draw_strips({"SR": [flat(1.4, 128)], "HR": [flat(-0.2, 128)]}))
    assert pixels[-GAP - 5, GAP + 5, 0] == 255
    assert pixels[-GAP - 5, -GAP - 5, 0] == 0


def test_captions_notes_and_title_are_drawn_and_take_room() -> None:
    columns = {"SR": [flat(1, 128)]}
    bare, noted = draw_strips(columns), draw_strips(columns, {"SR": ["24.51 dB"]}, "student, step 10")
    assert noted.size[1] > bare.size[1]
    below = np.asarray(noted)[-20:, :, 0]
    above = np.asarray(noted)[: noted.size[1] - bare.size[1], :, 0]
    assert below.min() < 200
    assert above.min() < 100


@pytest.mark.parametrize(
    ("columns", "notes"),
    [
        ({"LR": [flat(0, 16)], "HR": [flat(0, 128)] * 2}, {}),
        ({"LR": [flat(0, 16)]}, {"LR": ["a", "b"]}),
        ({"LR": [flat(0, 30)], "HR": [flat(0, 128)]}, {}),
        ({"LR": [torch.zeros(3, 16, 8)], "HR": [flat(0, 128)]}, {}),
    ],
)
def test_what_cannot_be_drawn_is_refused(columns: dict[str, list[torch.Tensor]], notes: dict[str, list[str]]) -> None:
    with pytest.raises(ShapeError, match="strip"):
        draw_strips(columns, notes)


def test_a_picture_is_saved_whole(tmp_path: Path) -> None:
    picture = draw_strips({"SR": [flat(1, 128)]})
    save_picture(picture, tmp_path / "deep" / "strip.png")
    with Image.open(tmp_path / "deep" / "strip.png") as found:
        assert np.array_equal(np.asarray(found), np.asarray(picture))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["strip.png"]
