"""What these tests share: small models, and programs that are kept nowhere near the user's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `import small_models`


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that programs are kept in."""
    monkeypatch.setenv("PRIORSR_CACHE", str(tmp_path))
    return tmp_path
