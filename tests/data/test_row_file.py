from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from priorsr.data.row_file import RowFile
from priorsr.errors import DataError, PriorsrWarning

ROWS = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 5), dtype=np.uint8)


class Source:
    """Rows, and how many were made."""

    def __init__(self) -> None:
        self.made = 0

    def row(self, index: int) -> np.ndarray:
        self.made += 1
        return ROWS[index]

    def rows(self) -> Iterator[np.ndarray]:
        return map(self.row, range(len(ROWS)))


def opened(path: Path, source: Source) -> RowFile:
    return RowFile(path, ROWS.shape, source.row, source.rows)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def path(tmp_path: Path, source: Source) -> Path:
    """A file with all rows."""
    opened(tmp_path / "deep/hr.rows", source)
    source.made = 0
    return tmp_path / "deep/hr.rows"


def test_rows_come_back_one_or_several_at_a_time(path: Path, source: Source) -> None:
    rows = opened(path, source)
    assert np.array_equal(rows[3], ROWS[3])
    assert np.array_equal(rows[[6, 0, 6]], ROWS[[6, 0, 6]])
    assert source.made == 0
    assert [file.name for file in path.parent.iterdir()] == ["hr.rows"]


@pytest.mark.parametrize("size", [0, 1, ROWS[0].nbytes, ROWS.nbytes, ROWS.nbytes + 27, ROWS.nbytes + 29, 10_000])
def test_a_file_of_another_length_is_made_again(path: Path, source: Source, size: int) -> None:
    os.truncate(path, size)
    with pytest.warns(PriorsrWarning, match=r"hr\.rows: was cut or altered; its rows are computed again"):
        rows = opened(path, source)
    assert source.made == 7
    assert np.array_equal(rows[list(range(7))], ROWS)


@pytest.mark.parametrize("place", [0, 3 * ROWS[0].nbytes + 17, ROWS.nbytes - 1])
def test_an_altered_row_is_made_again_and_mended(path: Path, source: Source, place: int) -> None:
    altered = bytearray(path.read_bytes())
    whole = bytes(altered)
    altered[place] ^= 1
    path.write_bytes(altered)
    rows = opened(path, source)
    with pytest.warns(PriorsrWarning, match="was cut or altered"):
        assert np.array_equal(rows[list(range(7))], ROWS)
    assert source.made == 1
    assert path.read_bytes() == whole


def test_altered_checksums_cost_rows_and_no_pixel(path: Path, source: Source) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-28] + bytes(28))
    with pytest.warns(PriorsrWarning):
        assert np.array_equal(opened(path, source)[list(range(7))], ROWS)
    assert source.made == 7
    assert path.read_bytes() == whole


def test_a_file_that_is_cut_while_it_is_read_ends_nothing(path: Path, source: Source) -> None:
    rows = opened(path, source)
    os.truncate(path, ROWS[0].nbytes * 2)  # a memory map would end the process by SIGBUS
    with pytest.warns(PriorsrWarning):
        assert np.array_equal(rows[list(range(7))], ROWS)
    assert source.made == 5


def test_a_file_that_is_removed_while_it_is_read_is_read_on(path: Path, source: Source) -> None:
    rows = opened(path, source)
    path.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(rows[[1, 5]], ROWS[[1, 5]])


def test_what_a_killed_writer_left_is_swept(path: Path, source: Source) -> None:
    path.unlink()
    (path.parent / ".val-hr-3x4x5.rows.0.part").write_bytes(b"much")
    opened(path, source)
    assert [file.name for file in path.parent.iterdir()] == ["hr.rows"]


def test_no_room_is_one_sentence_and_leaves_nothing(tmp_path: Path, source: Source, no_room: Any) -> None:
    with no_room(ROWS.nbytes), pytest.raises(DataError, match=r"hr\.rows: cannot be written \(File too large\)"):
        opened(tmp_path / "hr.rows", source)
    assert list(tmp_path.iterdir()) == []
