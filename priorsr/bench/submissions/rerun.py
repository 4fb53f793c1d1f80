"""Running faces of a submission again: its weights, in the installed model of that name."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from priorsr.bench.evaluation import ready_to_score, super_resolve
from priorsr.bench.records import Record
from priorsr.bench.running.entries import Entry, entry_of
from priorsr.bench.running.given_priors import NOTHING, GivenPrior, own_priors
from priorsr.bench.submissions.archive import WEIGHTS
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import Difference, different_parts
from priorsr.containers import Batch
from priorsr.data import FaceLoader
from priorsr.errors import DataError, OptionError
from priorsr.models.weights import load_file
from priorsr.options import from_file
from priorsr.registry import create


class Rerun:
    """The model of a submission, as it is installed here; `differences`: what of it is not as the records say.

    Raises OptionError if the submission brings no weights for a model that has some, DataError for a model that cannot
    be run again here as the records say it was.
    """

    def __init__(self, bundle: Bundle) -> None:
        record = bundle.records[0]
        self._where = str(bundle.path)
        self._entry = _entry(bundle, record)
        self._device = torch.device("cpu")
        if record.model.accelerated or record.model.precision != "float32":
            ran = "accelerated" if record.model.accelerated else f"in {record.model.precision}"
            raise DataError(f"{bundle.path}: its model ran {ran}; only float32 as it is can be run again")
        self.differences = [found for record in bundle.records for found in _model_differences(record, self._entry)]

    def answer(self, batch: Batch, record: Record, loader: FaceLoader) -> Tensor:
        """The SR images (B,3,H,W) of a batch, given the prior that the record says; raises DataError for another."""
        prior = self._prior(record, loader)
        with ready_to_score(self._entry.model, self._device) as model:
            return super_resolve(model, batch, prior.of(batch), self._device).cpu()

    def _prior(self, record: Record, loader: FaceLoader) -> GivenPrior:
        if record.prior.source == "none":
            return NOTHING
        if record.prior.source == "corrupted":
            raise DataError(f"{self._where}: was given a corrupted prior; only the face set's own can be given again")
        given = own_priors(self._entry, loader)
        if given.facts != record.prior:
            raise DataError(
                f"{self._where}: was given a prior {record.prior.source} ({record.prior.by}), and the face set's is "
                f"{given.facts.source} ({given.facts.by})"
            )
        return given


def choose(faces: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    """Faces to run again, drawn at random, sorted; raises OptionError for more than there are."""
    if not 1 <= count <= len(faces):
        raise OptionError(f"{count} faces are to be run again; 1 to {len(faces)} were expected")
    return tuple(sorted(random.Random(seed).sample(sorted(faces), count)))


def _entry(bundle: Bundle, record: Record) -> Entry:
    if bundle.has_weights:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / WEIGHTS
            bundle.archive.copy(WEIGHTS, path)
            try:
                module: nn.Module = load_file(path)
            except DataError as error:
                raise DataError(f"{bundle.path}: {str(error).removeprefix(f'{folder}/')}") from error
    elif record.training.seed is None:
        with from_file():
            name = f"{record.model.distribution}:{record.model.name}"
            module = create("model", name, **_options(record.model.config))
    else:
        raise OptionError(f"{bundle.path}: brings no weights, so no face can be run again")
    return entry_of(module, record.model.label)


def _options(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}


def _model_differences(record: Record, entry: Entry) -> Iterator[Difference]:
    """What of the model, and of what its card declares, is not as the record says."""
    parts = ("distribution", "name", "weights_hash", "config")
    yield from different_parts(f"{record.id}: model", record.model, entry.facts, parts)
    yield from different_parts(f"{record.id}: training", record.training, entry.training, ("data", "networks", "seed"))
    parameters = sum(parameter.numel() for parameter in entry.model.parameters())
    if record.cost and parameters != record.cost.parameters:
        yield Difference(f"{record.id}: cost.parameters", record.cost.parameters, parameters)
