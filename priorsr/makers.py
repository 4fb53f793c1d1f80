"""Limit names to the distributions that a saved object's components came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from priorsr.errors import UnknownNameError
from priorsr.plugins import REGISTERED, Offer

_makers: ContextVar[tuple[Offer, ...]] = ContextVar("makers", default=())


@contextmanager
def only_from(makers: Iterable[Offer]) -> Iterator[None]:
    """Take components of a bare name from the distributions of these offers, within the block.

    So a saved object is built from its own components, even if another distribution now offers the same name.
    """
    token = _makers.set(tuple(makers))
    try:
        yield
    finally:
        _makers.reset(token)


def of_makers(kind: str, name: str, found: Sequence[Offer]) -> list[Offer]:
    """Return the offers of the distributions that `only_from` gives for a component; all, where it gives none.

    A component that a notebook registered may now come from a script, and the other way round. Raises
    UnknownNameError if no such distribution offers it.
    """
    makers = [maker for maker in _makers.get() if (maker.kind, maker.name) == (kind, name)]
    if not makers:
        return list(found)
    wanted = {maker.distribution for maker in makers}
    if wanted.intersection(REGISTERED):
        wanted.update(REGISTERED)
    kept = [offer for offer in found if offer.distribution in wanted]
    if not kept:
        maker = makers[0]
        others = "".join(f"; {offer.distribution} {offer.version} offers another of that name" for offer in found)
        where = "it is not installed"
        if maker.distribution in REGISTERED:
            where = "the running program does not register it (PRIORSR_PLUGINS or --plugins names a script that does)"
        raise UnknownNameError(
            f"the {maker.kind} {maker.name!r} was that of {maker.distribution} {maker.version}".rstrip()
            + f", and {where}{others}"
        )
    return kept
