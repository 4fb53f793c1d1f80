from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from priorsr.errors import DataError
from priorsr.training.checkpoints import FACTS, TENSORS, Checkpoint, CheckpointFacts, Checkpoints, Place

NO_FACTS = ("", '{"metrics_end"', "[]", "null", '{"scores": {}}', '{"metrics_end": "much", "scores": {}}')


def save(checkpoints: Checkpoints, index: int, stage: str, step: int) -> None:
    tensors = {"x": torch.full((2, 3, 2, 2), step).to(memory_format=torch.channels_last)}
    checkpoints.save(Checkpoint(Place(index, stage, step), tensors, CheckpointFacts(metrics_end=step, scores={})))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    shared = torch.arange(3.0)
    facts = CheckpointFacts(metrics_end=12, scores={"teacher": ("psnr_y", math.inf), "student": ("psnr_y", 24.5)})
    checkpoints.save(Checkpoint(Place(1, "student", 5), {"a": shared, "b": shared}, facts))
    found = checkpoints.latest(pytest.fail)
    assert found is not None
    assert found.place == Place(1, "student", 5)
    assert (found.facts.metrics_end, found.facts.scores) == (12, facts.scores)
    assert torch.equal(found.tensors["a"], shared)
    assert torch.equal(found.tensors["b"], shared)


@pytest.mark.parametrize(("was", "altered"), [('"metrics_end": 5', '"metrics_end": 6'), ("24.5", "99.5")])
def test_facts_that_were_altered_are_refused(tmp_path: Path, was: str, altered: str) -> None:
    facts = CheckpointFacts(metrics_end=5, scores={"teacher": ("psnr_y", 24.5)})
    Checkpoints(tmp_path).save(Checkpoint(Place(1, "student", 5), {"a": torch.ones(2)}, facts))
    (path,) = tmp_path.glob(f"*/{FACTS}")
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, altered))
    with pytest.raises(DataError, match=r"1-student-0000005/checkpoint\.json: was changed"):
        Checkpoints(tmp_path).latest(pytest.fail)
    path.write_text(path.read_text().replace(altered, was).replace("facts_sha256", "before_it_was_written"))
    assert Checkpoints(tmp_path).latest(pytest.fail) is not None


def test_the_latest_two_are_kept_and_the_last_of_each_stage(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (5, 10, 15):
        save(checkpoints, 0, "teacher", step)
    assert names(tmp_path) == ["0-teacher-0000010", "0-teacher-0000015"]
    for step in (5, 10, 15):
        save(checkpoints, 1, "student", step)
    assert names(tmp_path) == ["0-teacher-0000015", "1-student-0000010", "1-student-0000015"]
    assert checkpoints.last_of("teacher").place.step == 15


def test_stages_come_in_order_also_from_the_tenth_on(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for index in (9, 10):
        save(checkpoints, index, "s", 1)
    latest = checkpoints.latest(pytest.fail)
    assert latest is not None
    assert latest.place.index == 10


def test_none_at_first(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "nowhere").latest(pytest.fail) is None


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove", *NO_FACTS])
def test_a_broken_checkpoint_gives_way_to_the_one_before(tmp_path: Path, harm: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 0, "s", 1)
    save(checkpoints, 0, "s", 2)
    _harm(tmp_path / "0-s-0000002", harm)
    said: list[str] = []
    found = checkpoints.latest(said.append)
    assert found is not None
    assert found.place.step == 1
    assert len(said) == 1
    assert "0-s-0000002" in said[0]
    assert said[0].endswith("going back to 0-s-0000001")


def test_when_all_are_broken_it_says_so(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 0, "s", 1)
    _harm(tmp_path / "0-s-0000001", "truncate")
    with pytest.raises(DataError, match="there is no other checkpoint: start again"):
        checkpoints.latest(lambda _: None)


def test_what_is_later_than_a_place_is_forgotten(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 0, "s", 9)
    save(checkpoints, 1, "t", 1)
    checkpoints.forget_after(Place(0, "s", 9))
    assert names(tmp_path) == ["0-s-0000009"]


def test_saving_over_a_broken_one_mends_it(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 0, "s", 1)
    _harm(tmp_path / "0-s-0000001", "truncate")
    save(checkpoints, 0, "s", 1)
    assert checkpoints.latest(pytest.fail) is not None


def _harm(path: Path, how: str) -> None:
    content = (path / TENSORS).read_bytes()
    if how == "truncate":
        (path / TENSORS).write_bytes(content[: len(content) // 2])
    elif how == "flip":
        (path / TENSORS).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif how == "remove":
        (path / TENSORS).unlink()
    else:
        (path / FACTS).write_text(how, encoding="utf-8")


def test_no_room_for_a_checkpoint_is_one_sentence_and_leaves_the_others(tmp_path: Path, no_room: Any) -> None:
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, 0, "s", 1)
    tensors = {"x": torch.rand(10_000)}
    for most in (20_000, 10):  # for the tensors, and for the facts alone
        sentence = r"0-s-0000002: cannot be written \(.*File too large"
        with no_room(most), pytest.raises(DataError, match=sentence):
            checkpoints.save(Checkpoint(Place(0, "s", 2), tensors, CheckpointFacts(metrics_end=0, scores={})))
        assert names(tmp_path) == ["0-s-0000001"]
    latest = checkpoints.latest(pytest.fail)
    assert latest is not None
    assert latest.place.step == 1
