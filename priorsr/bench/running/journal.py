"""Keep unfinished work of a benchmark batch by batch, so that a killed run continues where it stopped.

A folder holds the finished batches of one model's run over a split: `key.json` identifies the run; `scores-RANK.jsonl`
has a line for each batch, written once its images are in `images/`. Incomplete lines are ignored, so the result does
not depend on when the process was killed, or on which of several processes wrote a line.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from priorsr.bench.scoring.evaluation import Evaluation
from priorsr.bench.store.score_facts import ImageHashes
from priorsr.bench.store.stored_images import load_array, load_image, pixel_hash
from priorsr.errors import DataError
from priorsr.files import atomic_json, refusals_told
from priorsr.locks import lock
from priorsr.metrics import Scores
from priorsr.reading.json_files import read_json
from priorsr.signed_lines import add_line, read_lines

KEY = "key.json"


class Journal:
    """The unfinished work in `folder`, of batches of known faces. `images`: the folder for SR images."""

    def __init__(self, folder: Path, batches: Sequence[Sequence[str]]) -> None:
        self._folder = folder
        self._batches = batches

    @property
    def exists(self) -> bool:
        """Return whether there is unfinished work."""
        return self._folder.exists()

    @property
    def images(self) -> Path:
        """Return the folder for SR images."""
        return self._folder / "images"

    def prepare(self, key: str) -> None:
        """Keep the unfinished work if it has the same key, otherwise remove it."""
        path = self._folder / KEY
        try:
            kept = read_json(path) == {"key": key}
        except DataError:
            kept = False
        if not kept:
            self.remove()
            atomic_json(path, {"key": key})

    def add(self, index: int, found: Evaluation, rank: int) -> None:
        """Add the evaluation of a batch."""
        add_line(self._folder / f"scores-{rank}.jsonl", {"batch": index, **_to_json(found)})

    def read(self, *, images: bool) -> dict[int, Evaluation]:
        """Return the evaluations so far, by batch; with `images`, of the batches whose SR images exist unchanged."""
        found: dict[int, Evaluation] = {}
        for path in sorted(self._folder.glob("scores-*.jsonl")):
            for content in read_lines(path):
                index, evaluation = content["batch"], _from_json(content)
                if index < len(self._batches) and tuple(evaluation.images) == tuple(self._batches[index]):
                    found[index] = evaluation
        return {index: part for index, part in found.items() if not images or self._holds_images(part)}

    def _holds_images(self, part: Evaluation) -> bool:
        try:
            return all(
                pixel_hash(load_image(self.images / f"{face}.png")) == hashes.sr for face, hashes in part.images.items()
            ) and all(
                pixel_hash(load_array(self.images / f"{face}.npy")) == digest for face, digest in part.arrays.items()
            )
        except DataError:
            return False

    def remove(self) -> None:
        """Remove all unfinished work."""
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Take the lock of that path, waiting until nobody else holds it. A lock ends with its process."""
    with refusals_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+")  # noqa: SIM115  # closed below
    with file:
        if lock(file.fileno()) is False:
            say(f"{path}: another process runs the same; waiting for it")
            lock(file.fileno(), wait=True)
        yield


def _to_json(found: Evaluation) -> dict[str, Any]:
    return {
        "images": {face: hashes.model_dump() for face, hashes in found.images.items()},
        "arrays": found.arrays,
        "protocols": {
            digest: [{name: values.tolist() for name, values in part.items()} for part in scores]
            for digest, scores in found.protocols.items()
        },
        "extra_scores": {name: values.tolist() for name, values in found.extra_scores.items()},
    }


def _from_json(content: Mapping[str, Any]) -> Evaluation:
    protocols = {
        protocol: Scores(*({name: _tensor(values) for name, values in part.items()} for part in parts))
        for protocol, parts in content["protocols"].items()
    }
    images = {face: ImageHashes(**hashes) for face, hashes in content["images"].items()}
    extra_scores = {name: _tensor(values) for name, values in content["extra_scores"].items()}
    return Evaluation(images, content["arrays"], protocols, extra_scores)


def _tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float64))  # which reads "inf", as JSON has infinity, as a number
