"""Landmarks that no face can have, and files that hold none."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from priorsr.data.landmarks_file import check_plausible, flaw_of_points, read_landmarks, write_landmarks
from priorsr.errors import DataError
from priorsr.priors import landmark_scheme

SCHEME = landmark_scheme("ibug-68")
ALL = np.ones(68, dtype=bool)
RING = np.stack([32 + 20 * np.cos(np.arange(68.0)), 40 + 25 * np.sin(np.arange(68.0))], 1).astype(np.float32)
SIZE = (80, 64)


def written(path: Path, **arrays: Any) -> Path:
    np.savez(path / "landmarks.npz", **arrays)
    return path / "landmarks.npz"


def test_ids_may_be_numbers_and_valid_1_and_0(tmp_path: Path) -> None:
    valid = np.arange(136).reshape(2, 68) % 3 > 0
    points = np.stack([RING, RING + 1]).astype(np.float64)
    found = read_landmarks(written(tmp_path, ids=[7, 8], landmarks=points, valid=valid.astype(int)), SCHEME)
    assert list(found) == ["7", "8"]
    assert np.array_equal(found["8"][0], np.where(valid[1][:, None], RING + 1, 0))
    assert np.array_equal(found["8"][1], valid[1])
    write_landmarks(tmp_path / "again.npz", found)
    assert np.array_equal(read_landmarks(tmp_path / "again.npz", SCHEME)["7"][0], found["7"][0])


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"landmarks": np.float32(3)}, r"landmarks of shape \(\) and valid of shape \(\); one of each a face"),
        ({"ids": np.array("a")}, r"ids of shape \(\)"),
        ({"ids": np.array(["a", "b"])}, r"ids of shape \(2,\), landmarks of shape \(1, 68, 2\)"),
        ({"ids": np.array([b"a"])}, r"ids is of the type \|S1; names were expected"),
        ({"ids": np.array([0.5])}, "ids is of the type float64; names were expected"),
        ({"ids": np.array([None])}, "cannot be read as an .npz file"),
        ({"landmarks": RING[None].astype(complex)}, "landmarks is of the type complex128; numbers were expected"),
        ({"landmarks": RING[None].astype(str)}, "landmarks is of the type <U[0-9]+; numbers were expected"),
        ({"landmarks": RING[None] > 3}, "landmarks is of the type bool; numbers were expected"),
        ({"landmarks": RING}, r"landmarks of shape \(68, 2\)"),
        ({"landmarks": RING[None, :5]}, r"shape \(5, 2\) .* \(68, 2\) and \(68,\) were expected"),
        ({"landmarks": RING[None].astype(np.float64) * 1e300}, "the face 'a': landmark 0 is NaN or infinite"),
        ({"valid": np.full((1, 68), 0.9)}, "valid is of the type float64; true or false were expected"),
        ({"valid": np.full((1, 68), 2)}, "valid has the value 2; true or false, or 1 or 0, were expected"),
        ({"valid": ALL}, r"valid of shape \(68,\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_arrays_that_are_no_landmarks_are_refused(tmp_path: Path, arrays: dict[str, Any], problem: str) -> None:
    path = written(tmp_path, **{"ids": np.array(["a"]), "landmarks": RING[None], **arrays})
    with pytest.raises(DataError, match=rf"landmarks\.npz: .*{problem}") as raised:
        read_landmarks(path, SCHEME)
    assert "\n" not in str(raised.value)


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ids.npy", b"")
    content = bytearray(file.getvalue())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (2**32 - 2).to_bytes(4, "little")  # the size that it claims to unpack to
    (tmp_path / "landmarks.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"holds 4,294,967,294 bytes; landmarks of at most 2,147,483,648"):
        read_landmarks(tmp_path / "landmarks.npz", SCHEME)


def test_faces_have_plausible_landmarks() -> None:
    cut = RING - [30, 0]  # half of the face is outside of the image
    for points in (RING, cut, RING[:17], RING / 8 + [28, 30]):
        assert flaw_of_points((points, np.ones(len(points), dtype=bool)), SIZE) is None
    few = np.zeros(68, dtype=bool)
    assert flaw_of_points((RING, few), SIZE) is None
    few[17] = True
    assert flaw_of_points((RING, few), SIZE) is None
    brow, few[17:22] = np.tile([[20.0, 30.0]], (68, 1)), True
    brow[17:22, 0] += np.arange(5)
    assert flaw_of_points((brow, few), SIZE) is None


@pytest.mark.parametrize(
    ("points", "flaw"),
    [
        (RING - [-60, 0], "all 68 valid landmarks lie outside of the image of 80 x 64"),
        (RING - [0, 66], "all 68 valid landmarks lie outside of the image of 80 x 64"),
        (RING * 0 + 7, "all 68 valid landmarks lie in one place"),
        (RING / 100 + 7, "all 68 valid landmarks lie in one place"),
        (RING * [1, 0], "all 68 valid landmarks lie on one line"),
        (RING[:, :1].repeat(2, 1), "all 68 valid landmarks lie on one line"),
        (np.where(np.arange(68)[:, None] == 5, 1e7, RING), "landmark 5 is at x = 1e+07, y = 1e+07, far outside of"),
        (np.where(np.arange(68)[:, None] == 0, -1e30, RING), "landmark 0 is at x = -1e+30, y = -1e+30, far outside of"),
        (RING * np.float32(3e36), "landmark 0 is at x = 1.56e+38"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_landmarks_that_no_face_has_are_told(points: np.ndarray, flaw: str) -> None:
    found = flaw_of_points((points.astype(np.float32), ALL), SIZE)
    assert found is not None
    assert found.startswith(flaw)
    with pytest.raises(DataError, match=r"^mine\.npz: "):
        check_plausible((points.astype(np.float32), ALL), SIZE, "mine.npz")
