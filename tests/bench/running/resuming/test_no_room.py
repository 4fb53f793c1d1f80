"""A disk that is full at any moment of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doubles import Stored

from priorsr.bench.running import journal, model_run
from priorsr.bench.store import outputs
from priorsr.errors import DataError
from tests.bench.running.resuming.timeless_records import timeless


def test_no_room_for_images_is_one_sentence_and_nothing_before_is_lost(bench, lr, noisy, tmp_path, no_room) -> None:
    whole = bench(Stored(lr, noisy), out=tmp_path / "whole")
    bench("bicubic")
    real, images = model_run.save_outputs, []

    def save(sr, ids, folder, *, arrays):
        images.extend(ids)
        with no_room(10**9 if len(images) < 4 else 1000):
            return real(sr, ids, folder, arrays=arrays)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(DataError, match=r"cloud-2\.png: cannot be written"):
        patched.setattr(model_run, "save_outputs", save)
        bench(Stored(lr, noisy))
    again = Stored(lr, noisy)
    assert timeless(bench(again)) == timeless(whole)
    assert again.count < 5 + 2


def test_no_room_for_what_images_are_is_told_before_they_are_moved(bench, lr, noisy, tmp_path, no_room) -> None:
    bench("bicubic")
    real = outputs.atomic_path

    @contextmanager
    def full(path: Path) -> Iterator[Path]:
        with real(path) as beside, no_room(100):
            yield beside

    with pytest.MonkeyPatch.context() as patched, pytest.raises(DataError, match=r"outputs/\w+\.json: cannot be writt"):
        patched.setattr(outputs, "atomic_path", full)
        bench(Stored(lr, noisy))
    assert len(list((tmp_path / "outputs").iterdir())) == 2  # bicubic's images and facts
    again = Stored(lr, noisy)
    bench(again)
    assert again.count < 5  # to be measured; its images were there


def test_no_room_for_a_line_of_the_journal_is_one_sentence(bench, lr, noisy, no_room) -> None:
    bench("bicubic")
    real = journal.Journal.add

    def add(self: journal.Journal, *found: object) -> None:
        with no_room(50):
            real(self, *found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal.Journal, "add", add)
        with pytest.raises(DataError, match=r"scores-0\.jsonl: cannot be written \(No space left on device\)"):
            bench(Stored(lr, noisy))
