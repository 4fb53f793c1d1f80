"""Make the priors of a study, from the true one to none, and try whether a model can use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Literal

import torch
from torch import nn

from priorsr.bench.running.given_priors import (
    NOTHING,
    GivenPrior,
    corrupted,
    estimated,
    estimator_name,
    of_the_next_face,
)
from priorsr.bench.scoring.evaluation import super_resolve
from priorsr.bench.studies.prior_report import BASE, Damage
from priorsr.containers import Batch, Prior
from priorsr.data import FaceLoader
from priorsr.errors import OptionError, PriorsrError
from priorsr.priors.corruption import absent, blur, shift


@dataclass(frozen=True)
class Source:
    """The source of a split's priors. size: of the HR images, in pixels."""

    truth: GivenPrior
    loader: FaceLoader
    estimator: nn.Module | None
    size: int
    scale: int
    device: torch.device


@dataclass(frozen=True)
class Case:
    """A prior to try. make: raises PriorsrError with the reason if it cannot be made."""

    label: str
    damage: Damage
    make: Callable[[Source], GivenPrior]
    amount: float | None = None


def cases(shifts: Sequence[float], blurs: Sequence[float], *, none_too: bool) -> Iterator[Case]:
    """Return the priors to try, the ground truth first; raises OptionError for a wrong shift or blur."""
    yield Case(BASE, "ground-truth", lambda source: source.truth)
    yield Case("estimated from HR", "estimated-from-hr", partial(_estimated, "estimated-from-hr"))
    yield Case("estimated from LR", "estimated-from-lr", partial(_estimated, "estimated-from-lr"))
    for pixels in dict.fromkeys(shifts):
        if not isfinite(pixels):
            raise OptionError(f"a shift is {pixels}; a finite number of pixels was expected")
        yield Case(f"shifted {pixels:g} px", "shifted", partial(_shifted, pixels), pixels)
    for sigma in dict.fromkeys(blurs):
        if not (isfinite(sigma) and sigma > 0):
            raise OptionError(f"a blur's sigma is {sigma}; a finite number of pixels above 0 was expected")
        yield Case(f"blurred, sigma {sigma:g} px", "blurred", partial(_blurred, sigma), sigma)
    yield Case("the next face's", "next-face", _next_face)
    yield Case("absent", "absent", lambda source: corrupted(source.truth, "absent", absent))
    if none_too:
        yield Case("none", "none", lambda _: NOTHING)


def attempt(case: Case, source: Source, model: nn.Module) -> GivenPrior | str:
    """Return the prior of a case after the model has run with it on one face.

    Returns the reason if the prior cannot be made, or the model refuses it. Raises the model's errors with the ground
    truth.
    """
    try:
        prior = case.make(source)
        _answer(model, source, prior.of(_faces(source)))
    except PriorsrError as error:
        if case.damage == "ground-truth":
            raise
        return str(error)
    return prior


def used_parts(model: nn.Module, source: Source) -> tuple[str, ...]:
    """Return the parts of the true prior on which the model's result depends.

    Raises PriorsrError if there is none: then a study of priors shows nothing.
    """
    prior = source.truth.of(_faces(source)) or Prior()
    whole = _answer(model, source, prior)
    found = []
    for part in source.loader.priors:
        without = prior._replace(**({"landmarks": None, "valid": None} if part == "landmarks" else {part: None}))
        try:
            same = torch.equal(_answer(model, source, without), whole)
        except PriorsrError:
            same = False
        if not same:
            found.append(part)
    if not found:
        raise PriorsrError(
            f"the model {type(model).__name__} computes the same with and without its prior ({source.truth.facts.by}); "
            "a model that depends on its prior was expected"
        )
    return tuple(found)


def check_estimator(estimator: nn.Module, uses: Sequence[str], source: Source) -> None:
    """Raise OptionError if an estimator finds another kind of prior than the one that the model uses."""
    found = estimated(estimator, "estimated-from-hr", source.scale, source.device).of(_faces(source)) or Prior()
    gives = {"parsing": found.parsing is not None}
    gives["landmarks"] = found.landmarks is not None or found.heatmaps is not None
    missing = [part for part in uses if not gives[part]]
    if missing:
        there = " and ".join(part for part, given in gives.items() if given) or "nothing"
        raise OptionError(
            f"the estimator {estimator_name(estimator)} finds {there}, and the model uses {' and '.join(missing)}"
        )


def _faces(source: Source) -> Batch:
    return source.loader.faces(source.loader.ids[:2])


@torch.inference_mode()
def _answer(model: nn.Module, source: Source, prior: Prior | None) -> torch.Tensor:
    return super_resolve(model, _faces(source), prior, source.device)


def _estimated(which: Literal["estimated-from-hr", "estimated-from-lr"], source: Source) -> GivenPrior:
    if source.estimator is None:
        raise PriorsrError("no estimator was given")
    return estimated(source.estimator, which, source.scale, source.device)


def _shifted(pixels: float, source: Source) -> GivenPrior:
    how = f"shifted {pixels:g} px to the right"
    return corrupted(source.truth, how, lambda prior: shift(prior, pixels, 0, source.size))


def _blurred(sigma: float, source: Source) -> GivenPrior:
    return corrupted(source.truth, f"blurred with sigma {sigma:g} px", lambda prior: blur(prior, sigma, source.size))


def _next_face(source: Source) -> GivenPrior:
    if len(source.loader.ids) < 2:
        raise PriorsrError("the split has one face only")
    return of_the_next_face(source.truth, source.loader)
