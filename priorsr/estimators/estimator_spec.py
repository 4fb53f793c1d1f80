"""Estimators by the name that a user gives, and their identity."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from torch import nn

from priorsr.errors import MissingWeightsError, OptionError, UnknownNameError, did_you_mean
from priorsr.kinds import get_kind
from priorsr.models.weights import load_file, weights_hash
from priorsr.options import option_names
from priorsr.registry import create, find, names, offer_of


class EstimatorIdentity(NamedTuple):
    """An estimator's registered name (or its class's), version (empty if it has none), and the hash of its weights."""

    tool: str
    version: str
    weights: str | None


def estimator_from_spec(spec: str | Path | nn.Module, *, fetch: bool = False) -> nn.Module:
    """Return the estimator that a user names, in eval mode.

    spec: a registered name, a .safetensors that priorsr saved, or the estimator itself.
    fetch: passed on to one that can download published weights.

    Raises UnknownNameError, DataError, OptionError for another kind of component, and MissingWeightsError for a name
    whose weights would be random: that of an estimator which has parameters, and no `card` of weights that it has read.
    """
    if isinstance(spec, nn.Module):
        estimator = spec
    elif isinstance(spec, str) and spec.rpartition(":")[2] in names("estimator"):
        fetches = fetch and "fetch" in option_names(find("estimator", spec))
        estimator = create("estimator", spec, fetch=True) if fetches else create("estimator", spec)
        if next(estimator.parameters(), None) is not None and not hasattr(estimator, "card"):
            raise MissingWeightsError(
                f"the estimator {spec!r} brings no weights of its own: give a weights file (.safetensors), such as a "
                "training run leaves"
            )
    elif Path(spec).suffix == ".safetensors":
        estimator = load_file(spec)
    else:
        known = did_you_mean(str(spec), names("estimator"))
        raise UnknownNameError(f"there is no estimator, nor a .safetensors file, called {str(spec)!r}; {known}")
    wrong = get_kind("estimator").violation(type(estimator))
    if wrong:
        raise OptionError(f"the {type(estimator).__name__} given as estimator {wrong}")
    return estimator.eval()


def identity_of(estimator: nn.Module) -> EstimatorIdentity:
    """Return an estimator's identity, as manifests and records hold it."""
    weights = weights_hash(estimator) if estimator.state_dict() else None
    try:
        offer = offer_of("estimator", type(estimator))
    except OptionError:  # it is not registered
        return EstimatorIdentity(type(estimator).__qualname__, "", weights)
    return EstimatorIdentity(offer.reference, offer.version, weights)
