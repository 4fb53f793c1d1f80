"""SR images of a model in a results folder, with facts that identify their faces and detect changes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from priorsr.bench.store.run_facts import Cost, Environment, Execution
from priorsr.bench.store.score_facts import ImageHashes
from priorsr.bench.store.stored_images import (
    array_hashes,
    load_arrays,
    load_images,
    pixel_hashes,
    save_arrays,
    save_images,
)
from priorsr.bench.store.values import Hash, Id, RecordPart
from priorsr.containers import Batch
from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.metrics import Protocol
from priorsr.reading.json_files import read_facts


class OutputFacts(RecordPart):
    """`outputs/ID.json`: the content of `outputs/ID`, and how the model was run.

    made_by: a hash of the code and precision that made them. arrays: by face the hash of the float32 array, or null if
    only 8-bit images were kept.
    """

    format: Literal[1]
    id: Id
    made_by: Hash
    images: dict[str, ImageHashes]
    arrays: dict[str, Id] | None
    cost: Cost
    execution: Execution
    kernel_backends: dict[str, str]
    environment: Environment


class BrokenOutputsError(DataError):
    """Raised if saved images are not, or no longer, those of the faces."""


@dataclass(frozen=True)
class Saved:
    """Saved SR images; `facts` vouch for them."""

    folder: Path
    facts: OutputFacts

    def read(self, batch: Batch) -> Tensor:
        """Return the SR images (B,3,H,W) of a batch, as the model returned them if arrays were kept, else rounded to
        8 bits.

        Raises BrokenOutputsError naming the file if one is not what was saved, or the batch's HR or LR images are not
        those that the model saw.
        """
        for which, images in (("hr", batch.hr), ("lr", batch.lr)):
            for face, found in zip(batch.ids, pixel_hashes(images), strict=True):
                self._check(face, found, getattr(self.facts.images[face], which), f"made for another {which.upper()}")
        try:
            load = load_images if self.facts.arrays is None else load_arrays
            sr = load(batch.ids, self.folder)
        except DataError as error:
            raise BrokenOutputsError(str(error)) from error
        for face, found in zip(batch.ids, pixel_hashes(sr), strict=True):
            self._check(face, found, self.facts.images[face].sr, "changed since it was saved")
        if self.facts.arrays is not None:
            for face, found in zip(batch.ids, array_hashes(sr), strict=True):
                self._check(face, found, self.facts.arrays[face], "changed since it was saved")
        return sr

    def _check(self, face: str, found: str, expected: str, otherwise: str) -> None:
        if found != expected:
            raise BrokenOutputsError(f"{self.folder / face}: the image was {otherwise} ({found}, not {expected})")


def find_outputs(folder: Path, outputs: str, made_by: str, ids: Sequence[str], *, arrays: bool) -> Saved | None:
    """Return the SR images of that id, if they exist for all faces, from the same code, and with arrays where these
    are needed.
    """
    facts = _read_facts(facts_path(folder))
    same = facts is not None and (facts.id, facts.made_by, sorted(facts.images)) == (outputs, made_by, sorted(ids))
    return Saved(folder, facts) if facts and same and (facts.arrays is not None or not arrays) else None


def _read_facts(path: Path) -> OutputFacts | None:
    if not path.exists():
        return None
    try:
        return read_facts(path, OutputFacts, "the facts of the images")
    except DataError as error:
        raise BrokenOutputsError(str(error)) from error


def outputs_match(folder: Path, images: Mapping[str, ImageHashes]) -> bool:
    """Return whether a folder holds the SR images of these hashes by its facts; the images themselves are not read."""
    try:
        facts = _read_facts(facts_path(folder))
    except BrokenOutputsError:
        return False
    there = {path.stem for path in folder.glob("*.png")}
    return facts is not None and facts.images == images and there == images.keys()


def publish(images: Path, folder: Path, facts: OutputFacts) -> None:
    """Move a folder of SR images to its place, with its facts beside it; replace what was there.

    The facts exist only while their images do, whenever the process is killed.
    """
    path, old = facts_path(folder), folder.with_name(f".{folder.name}.old")
    text = facts.model_dump_json(indent=1) + "\n"
    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8")  # first of all, lest there be no room once the images are moved
        path.unlink(missing_ok=True)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        images.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def facts_path(folder: Path) -> Path:
    """Return the path of the facts of a folder of images, which lie beside it."""
    return folder.with_name(f"{folder.name}.json")


def need_arrays(protocols: Sequence[Protocol]) -> bool:
    """Return whether one of the protocols scores images without rounding, which 8-bit files do not hold."""
    return not all(protocol.scoring.quantise for protocol in protocols)


def save_outputs(sr: Tensor, ids: Sequence[str], folder: Path, *, arrays: bool) -> dict[str, str]:
    """Save SR images (B,3,H,W) as PNG files, and with `arrays` as arrays too; return the arrays' hashes by face."""
    save_images(sr, ids, folder)
    if not arrays:
        return {}
    save_arrays(sr, ids, folder)
    return dict(zip(ids, array_hashes(sr), strict=True))
