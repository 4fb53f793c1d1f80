from __future__ import annotations

from pathlib import Path

import pytest
import torch

from priorsr.bench import images
from priorsr.bench.images import save_images, whole_folder
from priorsr.errors import DataError


def fill(folder: Path, *names: str) -> None:
    save_images(torch.rand(len(names), 3, 4, 4), names, folder)


def there(folder: Path) -> dict[str, list[str]]:
    return {path.name: sorted(file.name for file in path.iterdir()) for path in folder.iterdir()}


def test_two_processes_that_fill_one_folder_leave_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.os, "getpid", lambda: 1)
    with whole_folder(tmp_path / "out", 2) as one:
        fill(one, "a")
        monkeypatch.setattr(images.os, "getpid", lambda: 2)
        with whole_folder(tmp_path / "out", 2) as two:
            assert one != two
            fill(two, "a", "b")
        assert sorted(path.name for path in one.iterdir()) == ["a.png"]
        fill(one, "b")
    assert there(tmp_path) == {"out": ["a.png", "b.png"]}


def test_a_folder_that_appears_in_the_last_moment_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def slowly(path: Path, target: Path) -> Path:
        if path.name.endswith(".part"):
            fill(tmp_path / "out", "theirs")
        return rename(path, target)

    with whole_folder(tmp_path / "out", 1) as folder:
        fill(folder, "ours")
        monkeypatch.setattr(Path, "rename", slowly)
    assert there(tmp_path) == {"out": ["theirs.png"]}


def test_a_folder_that_lacks_an_image_replaces_nothing(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", 1) as folder:
        fill(folder, "a")
    with (
        pytest.raises(DataError, match="out: 1 images were written to it, and 2 were expected"),
        whole_folder(tmp_path / "out", 2) as folder,
    ):
        fill(folder, "b")
    assert there(tmp_path) == {"out": ["a.png"]}
