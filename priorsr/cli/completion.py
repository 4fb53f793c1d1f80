"""Values that the shell completes: names of kinds, components, weights and protocols. None imports a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from typer import Context

from priorsr.errors import PriorsrError
from priorsr.kinds import KINDS
from priorsr.registry import names, weights_offers


def kinds() -> list[str]:
    """Return the names of the kinds."""
    return list(KINDS)


def of_kind(kind: str) -> Callable[[], list[str]]:
    """Return a completion by the names of a kind's components."""
    return lambda: _found(lambda: names(kind))


def of_chosen_kind(ctx: Context) -> list[str]:
    """Return the names of the components of the kind that the argument before gives."""
    return _found(lambda: names(ctx.params.get("kind") or ""))


def weights() -> list[str]:
    """Return the names of installed weights."""
    return _found(lambda: [offer.name for offer in weights_offers()])


def models() -> list[str]:
    """Return the names that a command takes for a model: installed weights, and bicubic, which has none."""
    return ["bicubic", *weights()]


def devices() -> list[str]:
    """Return the devices that --device takes."""
    return ["auto", "cpu", "cuda"]


def precisions() -> list[str]:
    """Return the precisions in which models are trained."""
    return ["auto", "float32", "bf16"]


def protocols() -> list[str]:
    """Return the ids of the protocols in this package."""
    from priorsr.metrics import protocol_names

    return protocol_names()


def reductions() -> list[str]:
    """Return the names of the kernels that make LR images."""
    from priorsr.data.reduction import KERNELS

    return list(KERNELS)


def label_maps() -> list[str]:
    """Return the names of the label maps of parsing maps."""
    from priorsr.priors.label_maps import LABEL_MAPS

    return list(LABEL_MAPS)


def _found(list_names: Callable[[], Iterable[str]]) -> list[str]:
    """Return names; none where a plugin or a name is wrong, which the command reports when it runs."""
    with suppress(PriorsrError):
        return list(list_names())
    return []
