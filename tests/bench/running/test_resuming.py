"""What is kept of an earlier run, finished or not, and what is not believed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from doubles import Stored, clouds, protocol
from PIL import Image
from torch import Tensor, nn

import priorsr
from priorsr import partial_files
from priorsr.bench import Record, read_results, run
from priorsr.bench.running import benchmark, journal, model_run, new_record
from priorsr.bench.store import outputs
from priorsr.bench.store.run_facts import Cost, Latency
from priorsr.bench.store.stored_images import save_images
from priorsr.data import FaceSet, Reduction
from priorsr.errors import DataError


class Killed(BaseException):
    """As if by SIGKILL: nobody catches it."""


@pytest.fixture(scope="module")
def protocols(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Protocols of one reduction: one that rounds SR to 8 bits, one that does not, and another one that does."""
    folder = tmp_path_factory.mktemp("protocols")
    asked = {"rounded": (True, 0), "exact": (False, 0), "cut": (True, 2)}
    return {name: protocol(folder / f"{name}@1.toml", *how) for name, how in asked.items()}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Five small clouds."""
    return clouds(tmp_path_factory.mktemp("faces") / "set", size=32)


@pytest.fixture
def bench(faces: FaceSet, protocols: dict[str, Path], tmp_path: Path):
    """Run on them, under protocols given by name, in batches of 2."""

    def call(models, names=("rounded",), **options) -> list[Record]:
        asked = {"data": faces, "split": "val", "out": tmp_path, "batch_size": 2, **options}
        return run(models, protocols=[protocols[name] for name in names], **asked)

    return call


@pytest.fixture
def noisy(hr: Tensor) -> Tensor:
    return hr + 0.02 * torch.randn(hr.shape, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs differ from run to run; here they do not."""
    found = Cost(parameters=1, macs=1, peak_memory_bytes=1, latency=(Latency(batch=1, milliseconds=1.0, runs=1),))
    monkeypatch.setattr(model_run, "measure_cost", lambda *_: found)


def told(records: list[Record]) -> list[dict[str, object]]:
    """Records without the time at which they were made."""
    return [record.model_dump(exclude={"created"}) for record in records]


def pixels(results: Path, record: Record) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((results / "outputs" / record.outputs).iterdir())}


@pytest.mark.parametrize(
    ("where", "name", "call", "before"),
    [
        (model_run, "save_outputs", 2, True),
        (journal.Journal, "add", 2, False),
        (journal.Journal, "add", 3, False),
        (model_run, "publish", 1, True),
        (outputs, "atomic_path", 1, None),
        (model_run, "publish", 1, False),
        (model_run, "write_record", 1, False),
        (journal.Journal, "remove", 2, True),
    ],
)
def test_a_run_that_was_killed_anywhere_goes_on_to_the_same_end(
    bench, lr, noisy, tmp_path, monkeypatch, where, name: str, call: int, before: bool | None
) -> None:
    """Before a call, after it, or, of a context manager, at the end of its block."""
    names = ("rounded", "exact")
    whole = bench(Stored(lr, noisy), names, out=tmp_path / "whole")
    bench("bicubic", names)
    real, left = getattr(where, name), [call]

    def deadly(*arguments: object, **options: object) -> object:
        left[0] -= 1
        if left[0] == 0 and before:
            raise Killed
        answer = real(*arguments, **options)
        if left[0] == 0 and before is None:
            return deadly_block(answer)
        if left[0] == 0:
            raise Killed
        return answer

    @contextmanager
    def deadly_block(block: AbstractContextManager[Path]) -> Iterator[Path]:
        with block as entered:
            yield entered
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(where, name, deadly)
        bench(Stored(lr, noisy), names)
    again = Stored(lr, noisy)
    resumed = bench(again, names)
    assert told(resumed) == told(whole)
    assert pixels(tmp_path, resumed[0]) == pixels(tmp_path / "whole", whole[0])
    assert again.count < 5 or where is outputs  # where images have their place, and nothing says yet what they are
    assert not [path for path in (tmp_path / ".partial").iterdir() if path.is_dir()]


def break_off(bench: Callable[..., list[Record]], model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until two of three batches are done."""
    bench("bicubic")
    add = journal.Journal.add

    def deadly(self: journal.Journal, index: int, *rest: object) -> None:
        add(self, index, *rest)
        if index == 1:
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(journal.Journal, "add", deadly)
        bench(model)


def test_only_what_is_missing_is_run(bench, lr, noisy, monkeypatch, capsys) -> None:
    model = Stored(lr, noisy)
    break_off(bench, model, monkeypatch)
    assert model.count == 4
    bench(model)
    assert model.count == 5
    assert "continues after 4 of 5 faces" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["torn", "edited", "another image", "no image", "batch size", "scorer"])
def test_unfinished_work_that_is_broken_or_of_something_else_is_not_believed(
    bench, lr, noisy, tmp_path, monkeypatch, damage: str
) -> None:
    whole = bench(Stored(lr, noisy), out=tmp_path / "whole")
    model = Stored(lr, noisy)
    break_off(bench, model, monkeypatch)
    (folder,) = (path for path in (tmp_path / ".partial").iterdir() if path.is_dir())
    lines = folder / "scores-0.jsonl"
    options = {}
    if damage == "torn":
        lines.write_bytes(lines.read_bytes()[:-100])
    elif damage == "edited":
        lines.write_bytes(lines.read_bytes().replace(b'"psnr": [', b'"psnr": [1'))
    elif damage == "another image":
        save_images(torch.rand(1, 3, 32, 32), ["cloud-1"], folder / "images")
    elif damage == "no image":
        (folder / "images" / "cloud-3.png").unlink()
    elif damage == "batch size":
        options["batch_size"] = 3
    elif damage == "scorer":
        monkeypatch.setattr(model_run, "scorer_hash", lambda: "0" * 64)
    again = Stored(lr, noisy)
    (resumed,) = bench(again, **options)
    assert resumed.scores == whole[0].scores
    assert again.count == {"torn": 3, "another image": 3, "no image": 3}.get(damage, 5)


# Finished work


def test_the_same_run_again_does_nothing(bench, lr, noisy, tmp_path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    bench(Stored(lr, noisy))
    before, model = times(), Stored(lr, noisy)
    bench(model)
    assert model.count == 0
    assert times() == before


def test_saved_images_are_scored_under_a_new_protocol_as_the_model_would_be(bench, lr, noisy, tmp_path) -> None:
    names = ("rounded", "exact", "cut")
    together = bench(Stored(lr, noisy), names, out=tmp_path / "together")
    model = Stored(lr, noisy)
    apart = [record for name in names for record in bench(model, [name])]
    assert told(apart) == told(together)
    assert model.count == 2 * 5  # "exact" scores what is not rounded, and "rounded" had kept what is


@pytest.mark.parametrize("what", ["image", "array", "facts", "missing"])
def test_saved_images_that_have_changed_are_found_out(bench, lr, noisy, tmp_path, capsys, what: str) -> None:
    (first,) = bench(Stored(lr, noisy), ["exact" if what == "array" else "rounded"])
    folder = tmp_path / "outputs" / first.outputs
    if what == "image":
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "cloud-2.png")
    elif what == "array":
        values = np.load(folder / "cloud-2.npy")
        values[0, 0, 0] += 1e-6
        np.save(folder / "cloud-2.npy", values)
    elif what == "facts":
        folder.with_name(f"{folder.name}.json").write_text("{")
    else:
        (folder / "cloud-2.png").unlink()
    model = Stored(lr, noisy)
    (record,) = bench(model, ["cut"])
    assert model.count == 5
    said = " ".join(capsys.readouterr().err.split())
    assert "the model runs again" in said
    assert {"facts": f"{folder.name}.json: cannot be read as JSON"}.get(what, "cloud-2") in said
    assert record.scores == bench(Stored(lr, noisy), ["cut"], out=tmp_path / "new")[0].scores
    assert bench(Stored(lr, noisy), ["cut"]) == [record]


def test_saved_images_of_other_lr_images_are_not_believed(bench, lr, noisy, monkeypatch, capsys) -> None:
    bench(Stored(lr, noisy))
    reduce = Reduction.reduce
    monkeypatch.setattr(Reduction, "reduce", lambda *given, **options: 255 - reduce(*given, **options))
    bench(Stored(lr, noisy), ["cut"])
    assert "made for another LR" in capsys.readouterr().err


def test_a_broken_record_is_put_aside_and_made_again(bench, lr, noisy, tmp_path, capsys) -> None:
    (first,) = bench(Stored(lr, noisy))
    path = tmp_path / "records" / f"{first.id}.json"
    broken = path.read_text().replace('"mean": ', '"mean": 1')
    path.write_text(broken)
    (second,) = bench(Stored(lr, noisy))
    assert told([second]) == told([first])
    assert path.with_suffix(".broken").read_text() == broken
    assert "mean" in capsys.readouterr().err
    assert len(read_results(tmp_path)) == 2


def test_a_changed_scorer_scores_again_without_the_model(bench, lr, noisy, monkeypatch) -> None:
    model = Stored(lr, noisy)
    bench(model)
    for module in (model_run, new_record, sys.modules["priorsr.bench.scoring.scorer"]):
        monkeypatch.setattr(module, "scorer_hash", lambda: "0" * 64)
    (record,) = bench(model)
    assert record.scorer_hash == "0" * 64
    assert model.count == 5


@pytest.fixture
def brightness() -> None:
    @priorsr.register("score", "brightness")
    class Brightness:
        kind = "score"
        higher_is_better = True

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            return sr.mean(dim=(1, 2, 3))


def test_a_score_asked_for_before_is_not_lost_and_one_asked_for_now_needs_no_model(
    bench, brightness, lr, noisy
) -> None:
    @priorsr.register("score", "darkness")
    class Darkness:
        kind = "score"
        higher_is_better = True

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            return 1 - sr.mean(dim=(1, 2, 3))

    model = Stored(lr, noisy)
    (first,) = bench(model, scores=["brightness"])
    (second,) = bench(model, scores=["darkness"])
    assert model.count == 5
    assert list(second.scores) == ["psnr", "darkness", "brightness"]
    assert second.scores["brightness"] == first.scores["brightness"]
    assert second.extra_scores.keys() == {"brightness", "darkness"}


def test_a_run_waits_for_another_one_of_the_same(bench, lr, noisy, tmp_path, monkeypatch) -> None:
    """Both begin before either has a record; the second finds what the first one made."""
    second = Stored(lr, noisy)
    real, found = benchmark.ModelRun.locked, []

    def late(self: model_run.ModelRun) -> object:
        if not found:
            found.append(None)
            found[0] = bench(Stored(lr, noisy))
        return real(self)

    monkeypatch.setattr(benchmark.ModelRun, "locked", late)
    bench("bicubic")
    assert bench(second) == found[0]
    assert second.count == 0


def test_what_killed_runs_left_is_swept_and_what_another_writes_stays(bench, tmp_path) -> None:
    parts = [
        tmp_path / folder / name
        for folder, name in (
            ("records", ".0123456789abcdef.json.0.part"),
            ("outputs/0123456789abcdef", ".cloud-0.png.0.part"),
            ("faces/0123456789ab/hr", ".cloud-1.png.4711.part"),
            (".partial/0123456789abcdef/images", ".cloud-2.npy.1.part"),
        )
    ]
    for part in parts:
        part.parent.mkdir(parents=True)
        part.write_text("half")
    old, held = (tmp_path / "outputs" / f".{digit * 16}.old" for digit in "af")
    for folder in (old, held):
        folder.mkdir()
        (folder / "cloud-0.png").touch()
    mine = tmp_path / "of-mine"
    mine.mkdir()
    (mine / ".notes.1.part").touch()
    with (
        partial_files.reserved(tmp_path / "outputs/at-work.json") as writing,
        journal.locked(tmp_path / ".partial" / f"{'f' * 16}.lock", print),
    ):
        bench("bicubic")
        assert writing.exists()
        assert held.exists()
    assert not old.exists()
    assert not any(part.exists() for part in parts)
    assert (mine / ".notes.1.part").exists()
    bench("bicubic")
    assert not held.exists()


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
    assert told(bench(again)) == told(whole)
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


def test_a_pipe_in_place_of_a_lock_does_not_hang(bench, tmp_path) -> None:
    path = tmp_path / ".partial/a.lock"
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a\.lock: cannot be written"), journal.locked(path, print):
        pass
