"""Build the model of a submission from the installed code, and run faces again."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from priorsr.bench.running.entries import Entry, entry_of
from priorsr.bench.running.given_priors import NOTHING, GivenPrior, own_priors
from priorsr.bench.scoring.evaluation import ready_to_score, super_resolve
from priorsr.bench.store.records import Record
from priorsr.bench.submissions.archive import WEIGHTS
from priorsr.bench.submissions.bundle import Bundle
from priorsr.containers import Batch
from priorsr.data import FaceLoader
from priorsr.errors import DataError, OptionError, PriorsrError, raised
from priorsr.models import EncoderDecoder
from priorsr.models.weights import components_in, load_file, read_card
from priorsr.options import from_file
from priorsr.reading.fitting import built_for
from priorsr.registry import create, find, packages


def own_model(bundle: Bundle) -> Entry:
    """Return the model of a submission: from its weights or, if it has no parameters, by its name.

    Raises OptionError for a submission without weights of a model that has some, DataError for broken weights, and
    UnknownNameError for a model that is not installed.
    """
    record = bundle.records[0]
    if bundle.has_weights:
        with _weights_of(bundle) as path:
            module = load_file(path)
    elif record.training.seed is None:
        with built_for({}, bundle.path), from_file():
            module = create("model", _reference(record), **_options(record.model.config))
    else:
        raise OptionError("brings no weights, so no face can be run again")
    return entry_of(module, record.model.label)


def distributions_of(bundle: Bundle) -> set[str]:
    """Return the distributions of a submission's model and its parts, as its record and its weights name them.

    Nothing of the model is built. Raises DataError for broken weights.
    """
    record = bundle.records[0]
    found = {record.model.distribution, *_named_in(record.model.config)}
    if bundle.has_weights:
        with _weights_of(bundle) as path:
            described = read_card(path)
            parts = components_in(described, path) or ()
        found |= {described["distribution"], *_named_in(described["config"])}
        found |= {part.distribution for part in parts if part.used_for == "inference"}
    return found


def check_prior(record: Record, entry: Entry | None) -> None:
    """Raise DataError for a record without a prior whose model, as far as known here, requires one."""
    if record.prior.source != "none":
        return
    if entry.model.prior == "required" if entry else _class_requires_prior(record):
        raise DataError(
            f"the record {record.id} is of the model {record.model.name!r} without a prior, which that model requires; "
            "the prior that it was given was expected"
        )


class Rerun:
    """The model of a submission, as installed here, for the faces of one of its records.

    Raises DataError for a model that did not run plainly in float32, which cannot be repeated here.
    """

    def __init__(self, record: Record, entry: Entry) -> None:
        self._entry = entry
        self._device = torch.device("cpu")
        if record.model.accelerated or record.model.precision != "float32":
            ran = "accelerated" if record.model.accelerated else f"in {record.model.precision}"
            raise DataError(f"its model ran {ran}; only float32 as it is can be run again")

    def images(self, batch: Batch, record: Record, loader: FaceLoader) -> Tensor:
        """Compute the SR images (B,3,H,W) of a batch, given the prior that the record names.

        Raises DataError if the face set has another prior, and for a model that cannot be run.
        """
        prior = self._prior(record, loader)
        try:
            with ready_to_score(self._entry.model, self._device) as model:
                return super_resolve(model, batch, prior.of(batch), self._device).cpu()
        except PriorsrError:
            raise
        except Exception as error:  # a model may raise anything
            raise DataError(f"its model cannot be run ({raised(error)})") from error

    def _prior(self, record: Record, loader: FaceLoader) -> GivenPrior:
        if record.prior.source == "none":
            return NOTHING
        if record.prior.source == "corrupted":
            raise DataError("was given a corrupted prior; only the face set's own can be given again")
        given = own_priors(self._entry, loader)
        if given.facts != record.prior:
            raise DataError(
                f"was given a prior {record.prior.source} ({record.prior.by}), and the face set's is "
                f"{given.facts.source} ({given.facts.by})"
            )
        return given


def choose(faces: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    """Draw faces to run again, sorted; raises OptionError for more than there are."""
    if not 1 <= count <= len(faces):
        raise OptionError(f"{count} faces are to be run again; 1 to {len(faces)} were expected")
    return tuple(sorted(random.Random(seed).sample(sorted(faces), count)))


@contextmanager
def _weights_of(bundle: Bundle) -> Iterator[Path]:
    """Give a path with the weights of a submission, by whose name mistakes go without the folder's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        bundle.archive.copy(WEIGHTS, path)
        try:
            yield path
        except PriorsrError as error:
            raise type(error)(str(error).replace(f"{folder}/", "")) from error


def _named_in(config: object) -> set[str]:
    """Return the installed distributions whose parts a config names as DISTRIBUTION:NAME."""
    if isinstance(config, Mapping):
        return set().union(*map(_named_in, config.values()))
    if isinstance(config, list):
        return set().union(*map(_named_in, config))
    named = config.partition(":")[0] if isinstance(config, str) and ":" in config else ""
    return {distribution for distribution, _ in packages().values()} & {named}


def _class_requires_prior(record: Record) -> bool:
    """Return whether the installed class of a record's model requires a prior; False if it is not installed."""
    try:
        component = find("model", _reference(record))
    except PriorsrError:
        return False
    if issubclass(component, EncoderDecoder):  # whose config decides
        return record.model.config.get("fusion", getattr(component.Config, "fusion", None)) is not None
    return getattr(component, "prior", None) == "required"


def _reference(record: Record) -> str:
    return f"{record.model.distribution}:{record.model.name}"


def _options(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
