"""A board of faces whose images may be published, and the commands that its workflows call."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from priorsr.bench.repository.new_board import init_board
from priorsr.data.importers.folder import import_folder

sys.path.insert(0, str(Path(__file__).parent))  # for `import hosting`

from hosting import serving_commands  # after the path is set


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[dict[str, str]]:
    """The environment of all commands, in which what costs time and proves nothing here is short."""
    with pytest.MonkeyPatch.context() as patch, serving_commands() as found:
        patch.setattr("priorsr.bench.running.profile._SECONDS", 0.0)
        patch.setattr(sys, "argv", sys.argv)
        yield found


@pytest.fixture(scope="module")
def photographs(tiny_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of 64 px, to be HR images."""
    folder = tmp_path_factory.mktemp("photographs")
    for face in (tiny_faces / "splits/val.txt").read_text().split():
        shutil.copy(tiny_faces / "images" / f"{face}.png", folder)
    return folder


@pytest.fixture(scope="module")
def board_of(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a board of faces with a licence."""

    def make(licence: str) -> Path:
        root = tmp_path_factory.mktemp("board")
        faces = import_folder(photographs, root / "faces", split="test", name="our faces", licence=licence)
        init_board(root / "board", data=[faces.path], split="test", protocols=["dic@1"], title="Ours & theirs")
        return root / "board"

    return make
