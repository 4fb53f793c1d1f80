"""Running faces of a submission again: its weights, in the installed model of that name."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from priorsr.bench.running.entries import Entry
from priorsr.bench.running.given_priors import NOTHING, GivenPrior, own_priors
from priorsr.bench.scoring.evaluation import ready_to_score, super_resolve
from priorsr.bench.store.records import Record
from priorsr.containers import Batch
from priorsr.data import FaceLoader
from priorsr.errors import DataError, OptionError, PriorsrError


class Rerun:
    """The model of a submission, as it is installed here, for the faces of one of its records.

    Raises DataError for one that did not run in float32 as it is, which cannot be repeated here.
    """

    def __init__(self, record: Record, entry: Entry) -> None:
        self._entry = entry
        self._device = torch.device("cpu")
        if record.model.accelerated or record.model.precision != "float32":
            ran = "accelerated" if record.model.accelerated else f"in {record.model.precision}"
            raise DataError(f"its model ran {ran}; only float32 as it is can be run again")

    def answer(self, batch: Batch, record: Record, loader: FaceLoader) -> Tensor:
        """Compute the SR images (B,3,H,W) of a batch, given the prior that the record names.

        Raises DataError where the face set has another prior, and for a model that cannot be run.
        """
        prior = self._prior(record, loader)
        try:
            with ready_to_score(self._entry.model, self._device) as model:
                return super_resolve(model, batch, prior.of(batch), self._device).cpu()
        except PriorsrError:
            raise
        except Exception as error:  # a model may raise anything
            raise DataError(f"its model cannot be run ({type(error).__name__}: {error})") from error

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
