"""Checkpoints: folders with safetensors and JSON, written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from priorsr.errors import DataError
from priorsr.fields import Value
from priorsr.files import refusals_told, sha256_file, sha256_json
from priorsr.reading.json_files import read_facts
from priorsr.reading.tensors import read_tensors

TENSORS, FACTS = "tensors.safetensors", "checkpoint.json"
_FOLDER = re.compile(r"(?P<index>\d+)-(?P<stage>.+)-(?P<step>\d+)")


@dataclass(frozen=True)
class Place:
    """A moment of a run: `step` steps of stage number `index` are done."""

    index: int
    stage: str
    step: int


class CheckpointFacts(BaseModel):
    """The content of a checkpoint beside its tensors.

    metrics_end: length of the metrics in bytes at the checkpoint. scores: name and value of each stage's last
    validation score. sha256: hash of the file of tensors. facts_sha256: hash of all else; empty in older files.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    metrics_end: Annotated[int, Field(ge=0)]
    scores: dict[str, tuple[str, Value]]
    sha256: str = ""
    facts_sha256: str = ""

    def hash(self) -> str:
        """Return the expected `facts_sha256`."""
        return sha256_json(self.model_dump(mode="json", exclude={"facts_sha256"}))


@dataclass(frozen=True)
class Checkpoint:
    """A run's state at a place."""

    place: Place
    tensors: Mapping[str, Tensor]
    facts: CheckpointFacts


class Checkpoints:
    """A run's checkpoints: the latest two, and the last one of each finished stage, from which later stages start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint under a temporary name, rename it, and remove checkpoints that are no longer needed."""
        self._write(checkpoint)
        self._prune()

    def go_back_to(self, checkpoint: Checkpoint) -> None:
        """Write an earlier checkpoint again as the latest one."""
        self._write(checkpoint)
        self.forget_after(checkpoint.place)

    def _write(self, checkpoint: Checkpoint) -> None:
        place = checkpoint.place
        target = self.folder / f"{place.index}-{place.stage}-{place.step:07}"
        beside = self.folder / f".{target.name}.part"
        with refusals_told(target):
            try:
                _fill(beside, checkpoint)
                if target.exists():  # it was broken, or is written again after a resume
                    shutil.rmtree(target)
                beside.rename(target)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)  # frees space on a full disk
                raise
            _sync(self.folder)

    def latest(self, warn: Callable[[str], None]) -> Checkpoint | None:
        """Return the latest readable checkpoint, and report broken ones; None if there is none.

        Raises DataError if all are broken.
        """
        problem = None
        for place, path in reversed(self._found()):
            if problem:
                warn(f"{problem}; going back to {path.name}")
            try:
                return read_checkpoint(path, place)
            except DataError as error:
                problem = str(error)
        if problem:
            raise DataError(f"{problem}; there is no other checkpoint: start again in another folder")
        return None

    def last_of(self, stage: str) -> Checkpoint:
        """Return the last checkpoint of a stage; raises DataError if there is none, or it is broken."""
        found = [(place, path) for place, path in self._found() if place.stage == stage]
        if not found:
            raise DataError(
                f"{self.folder}: there is no checkpoint of the stage {stage!r}, from which a later one starts"
            )
        place, path = found[-1]
        return read_checkpoint(path, place)

    def check_place(self, place: Place, stage_steps: Mapping[str, int]) -> None:
        """Raise DataError for a place that a run with these stages and steps does not reach."""
        stages = list(stage_steps.items())
        if place.index < len(stages):
            stage, steps = stages[place.index]
            if place.stage == stage and place.step <= steps:
                return
        there = ", ".join(f"{index}-{stage} up to {steps}" for index, (stage, steps) in enumerate(stages))
        raise DataError(
            f"{self.folder}: has a checkpoint of {place.index}-{place.stage} after step {place.step}, and the run's "
            f"stages and steps are {there}; a checkpoint's folder keeps its name"
        )

    def forget_after(self, place: Place) -> None:
        """Remove the checkpoints after a place to which the run went back, which are broken and will be rewritten."""
        for later, path in self._found():
            if (later.index, later.step) > (place.index, place.step):
                shutil.rmtree(path)

    def _found(self) -> list[tuple[Place, Path]]:
        return sorted(self._scan(), key=lambda found: (found[0].index, found[0].step))

    def _scan(self) -> Iterator[tuple[Place, Path]]:
        for path in self.folder.glob("*"):
            match = _FOLDER.fullmatch(path.name)
            if match:
                yield Place(int(match["index"]), match["stage"], int(match["step"])), path

    def _prune(self) -> None:
        found = self._found()
        last_of_stage = {place.index: path for place, path in found}
        for _, path in found[:-2]:
            if path not in last_of_stage.values():
                shutil.rmtree(path)


def read_checkpoint(path: Path, place: Place) -> Checkpoint:
    """Read a checkpoint's folder; raises DataError naming it if a file is missing, truncated or changed."""
    facts = read_facts(path / FACTS, CheckpointFacts, "the checkpoint")
    if facts.facts_sha256 not in ("", facts.hash()):
        raise DataError(f"{path / FACTS}: was changed, its hash is not the one that it holds")
    try:
        if sha256_file(path / TENSORS) != facts.sha256:
            raise DataError(f"{path / TENSORS}: is truncated or was changed, its hash is not the one in {FACTS}")
    except OSError as error:
        raise DataError(f"{path}: cannot be read as a checkpoint ({error})") from error
    return Checkpoint(place, read_tensors(path / TENSORS), facts)


def _fill(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint's files into a new folder, and force them to the disk."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Cloned, since safetensors takes neither channels_last nor tensors that share memory.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in checkpoint.tensors.items()}
    (folder / TENSORS).touch()
    mode = stat.S_IMODE((folder / TENSORS).stat().st_mode)
    try:
        save_file(tensors, folder / TENSORS)
        (folder / TENSORS).chmod(mode)  # some versions of safetensors let only the owner read
    except SafetensorError as error:  # how safetensors raises the system's errors
        raise OSError(str(error)) from error
    facts = checkpoint.facts.model_copy(update={"sha256": sha256_file(folder / TENSORS)})
    facts = facts.model_copy(update={"facts_sha256": facts.hash()})
    (folder / FACTS).write_text(facts.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for path in (folder / TENSORS, folder / FACTS, folder):
        _sync(path)


def _sync(path: Path) -> None:
    """Force a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
