"""TOML of others: what is broken or hostile is one sentence that names the file and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from priorsr.errors import DataError
from priorsr.reading.toml_files import read_toml

BROKEN = {
    "a = ": "cannot be read as TOML",
    "a = 1\na = 2": "cannot be read as TOML",
    "[a]\nb = nan": "a.b is nan; a finite number was expected",
    "a = [1, -inf]": "a.1 is -inf; a finite number was expected",
    "a = 1180591620717411303424": "a is a whole number beyond 64 bits",
    "a = " + "[" * 3_000: "nested too deep",
    "a." * 100 + "b = 1": "a.a.a... is nested more than 64 deep",
    "a." * 100_000 + "b = 1": "it has a line of more than 4,000 characters",
    "#\n" * 200_000: "of at most 262,144 bytes was expected",
    b"a = '\xff'": "cannot be read as TOML",
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.items(), ids=lambda case: repr(case)[:30])
def test_what_is_broken_is_refused(content: str | bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        read_toml(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert sentence in str(raised.value)


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = [1, 2.5]\n[b]\nc = 'x'")
    assert read_toml(tmp_path / "a.toml") == {"a": [1, 2.5], "b": {"c": "x"}}
