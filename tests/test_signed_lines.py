from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest

from priorsr.signed_lines import add_line, read_lines


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    values = [{"b": [1, 2.5]}, "é\u2028\n", None, {"psnr": math.inf}]
    for value in values:
        add_line(tmp_path / "a", value)
    assert list(read_lines(tmp_path / "a")) == [*values[:3], {"psnr": "inf"}]


@pytest.mark.parametrize("at", [0, 1, 40, 66, 70, 72])
def test_a_flipped_bit_costs_its_line_only(tmp_path: Path, at: int) -> None:
    for value in ([1, 2], [3, 4], [5, 6]):
        add_line(tmp_path / "a", value)
    content = bytearray((tmp_path / "a").read_bytes())
    content[at] ^= 1
    (tmp_path / "a").write_bytes(content)
    found = list(read_lines(tmp_path / "a"))
    assert found[-2:] == [[3, 4], [5, 6]]
    assert found[:-2] in ([], [[1, 2]])


def test_a_torn_line_costs_neither_the_one_before_nor_the_one_after(tmp_path: Path) -> None:
    add_line(tmp_path / "a", 1)
    add_line(tmp_path / "a", 2)
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-3])
    add_line(tmp_path / "a", 3)
    assert list(read_lines(tmp_path / "a")) == [1, 3]


def test_a_line_that_no_reader_bears_is_passed_over(tmp_path: Path) -> None:
    content, path = b"[" * 100_000, tmp_path / "lines"
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b" " + content + b"\n")
    add_line(path, {"a": 1})
    assert list(read_lines(path)) == [{"a": 1}]
