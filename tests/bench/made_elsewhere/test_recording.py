"""Records of images that were made elsewhere: scored as a model's own, verified from the images."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from PIL import Image

from priorsr.bench import read_results, run
from priorsr.bench.made_elsewhere import recording
from priorsr.bench.made_elsewhere.recording import Declared, declared_by, record_images
from priorsr.bench.running.journal import locked
from priorsr.bench.running.run_plan import adapted
from priorsr.bench.running.sweeping import sweep_results
from priorsr.bench.store.results import lock_path, partial_path
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.bench.store.stored_images import save_images
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.pack import pack
from priorsr.bench.submissions.verify import verify
from priorsr.errors import DataError, OptionError

PROTOCOLS = ("dic@1", "kdfsrnet@1")


@pytest.fixture
def protocols(faces):
    return [adapted(name, faces) for name in PROTOCOLS]


@pytest.fixture
def given(faces, hr, tmp_path: Path) -> Path:
    """Images of a method: HR, darker."""
    save_images(hr * 0.9, faces.ids("val"), tmp_path / "given")
    return tmp_path / "given"


def test_they_score_as_a_models_images_and_are_verified_from_them(faces, given, protocols, tmp_path) -> None:
    out = tmp_path / "results"
    found = record_images(given, faces, "val", protocols, Declared("theirs"), out=out)
    assert [record.protocol.id for record in found] == list(PROTOCOLS)
    assert {record.origin for record in found} == {"images"}
    assert {record.id for record in read_results(out)} == {record.id for record in found}
    assert found[0].scores["psnr"].mean == pytest.approx(found[1].scores["psnr"].mean, abs=0.1)
    report = verify(Bundle(pack(out, found, tmp_path / "a.zip")), faces)
    assert (report.tier, report.differences, report.recomputed) == (1, (), 5)


def test_bicubics_images_score_what_bicubic_scores(faces, protocols, tmp_path) -> None:
    (theirs, _) = run("bicubic", data=faces, split="val", protocols=protocols, out=tmp_path / "run")
    images = tmp_path / "run" / "outputs" / str(theirs.outputs)
    (found,) = record_images(images, faces, "val", protocols[:1], Declared("a copy"))
    assert found.scores["psnr"].per_image == theirs.scores["psnr"].per_image
    assert found.images == theirs.images
    assert found.id != theirs.id


def test_a_second_time_replaces_and_leaves_nothing_behind(faces, given, protocols, tmp_path) -> None:
    out = tmp_path / "results"
    first = record_images(given, faces, "val", protocols, Declared("theirs"), out=out)
    again = record_images(given, faces, "val", protocols, Declared("theirs"), out=out)
    assert [record.id for record in first] == [record.id for record in again]
    assert len(list((out / "outputs").iterdir())) == 1
    assert {path.suffix for path in (out / ".partial").iterdir()} == {".lock"}


def test_a_score_that_fails_leaves_nothing_behind(faces, given, protocols, tmp_path, monkeypatch) -> None:
    def failing(*_: object) -> None:
        raise DataError("a full disk")

    monkeypatch.setattr(recording, "set_score_facts", failing)
    with pytest.raises(DataError, match="a full disk"):
        record_images(given, faces, "val", protocols, Declared("theirs"), out=tmp_path / "results")
    assert [path.suffix for path in (tmp_path / "results/.partial").iterdir()] == [".lock"]


@pytest.mark.parametrize("mended_by", ["the next score", "a run of a model"])
def test_what_was_killed_while_scoring_is_swept(faces, given, protocols, tmp_path, mended_by: str) -> None:
    out = tmp_path / "results"
    child = os.fork()
    if not child:
        recording.set_score_facts = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        record_images(given, faces, "val", protocols, Declared("theirs"), out=out)
    os.waitpid(child, 0)
    assert len(list(out.glob(".partial/*/images/*.png"))) == len(faces.ids("val"))
    if mended_by == "the next score":
        record_images(given, faces, "val", protocols, Declared("another method"), out=out)
    else:
        run("bicubic", data=faces, split="val", protocols=protocols, out=out)
    assert {path.suffix for path in (out / ".partial").iterdir()} == {".lock"}


def test_what_is_being_scored_is_not_swept(faces, given, protocols, tmp_path) -> None:
    out = tmp_path / "results"
    unfinished = partial_path(out, "0" * 16)
    save_images(torch.zeros(1, 3, 8, 8), ["a"], unfinished / "images")
    with locked(lock_path(unfinished), print):
        run("bicubic", data=faces, split="val", protocols=protocols, out=out)
        assert (unfinished / "images/a.png").exists()
    sweep_results(out)
    assert not unfinished.exists()


def test_what_is_declared_stands_in_the_record(faces, given, protocols) -> None:
    links = {"paper": "https://example.org/paper"}
    declared = declared_by("theirs", "ground-truth", ["CelebA"], links)
    (found,) = record_images(given, faces, "val", protocols[:1], declared)
    assert found.prior == PriorFacts(source="ground-truth", by=None)
    assert (found.training.data, found.links) == (("CelebA",), links)
    with pytest.raises(OptionError, match="paper"):
        declared_by("theirs", "none", None, {"paper": "javascript:alert(1)"})


def test_lr_images_are_held_to_the_protocols(faces, given, lr, protocols, tmp_path) -> None:
    save_images(lr, faces.ids("val"), tmp_path / "lr")
    assert record_images(given, faces, "val", protocols, Declared("theirs"), lr=tmp_path / "lr")
    path = tmp_path / "lr" / f"{faces.ids('val')[3]}.png"
    Image.new("RGB", (16, 16)).save(path)
    with pytest.raises(DataError, match=f"{path.name}: differs by up to .* from the LR image"):
        record_images(given, faces, "val", protocols, Declared("theirs"), lr=tmp_path / "lr")


def test_an_image_of_another_size_names_itself(faces, given, protocols, tmp_path) -> None:
    path = given / f"{faces.ids('val')[2]}.png"
    Image.new("RGB", (64, 64)).save(path)
    with pytest.raises(DataError, match=f"{path.name}: is 64 x 64; 128 x 128"):
        record_images(given, faces, "val", protocols, Declared("theirs"), out=tmp_path / "results")
    assert not (tmp_path / "results" / "records").exists()


def test_scores_beside_the_protocols_are_recorded(faces, given, protocols) -> None:
    (found,) = record_images(given, faces, "val", protocols[:1], Declared("theirs"), scores=["lr_consistency"])
    assert found.extra_scores.keys() == {"lr_consistency"}
    assert found.scores["lr_consistency"].per_image.keys() == found.images.keys()
