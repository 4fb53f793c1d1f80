"""What is packed, and what cannot be."""

from __future__ import annotations

import pytest
from checking import records

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
