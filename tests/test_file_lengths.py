"""No file is longer than 300 lines: one idea a file."""

from __future__ import annotations

from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
FOLDERS = ("benchmarks", "docs", "plugins", "priorsr", "tests")
MOST, USUAL = 300, 90


def lengths(root: Path) -> dict[str, int]:
    """Return the number of lines of each Python file below the folders, but for what is built or hidden."""
    return {
        path.relative_to(root).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for folder in FOLDERS
        for path in (root / folder).rglob("*.py")
        if not any(part.startswith((".", "_build", "build")) for part in path.relative_to(root).parts[:-1])
    }


def test_no_file_is_too_long() -> None:
    found = lengths(ROOT)
    assert len(found) > 500
    assert {name: lines for name, lines in found.items() if lines > MOST} == {}
    assert median(found.values()) <= USUAL


def test_a_long_file_is_found(tmp_path: Path) -> None:
    for name, lines in {"tests/a/long.py": 301, "tests/.venv/long.py": 301, "priorsr/short.py": 300}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n" * lines)
    assert lengths(tmp_path) == {"tests/a/long.py": 301, "priorsr/short.py": 300}
