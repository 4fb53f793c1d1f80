"""A component that took part in a result: who made it, in which version, and a hash of its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

_SCORE = "score:"
_HASH = re.compile("[0-9a-f]{64}")
LIBRARY = "library"
UNREGISTERED = "unregistered"

PROTOCOL = "protocol"
_USES = ("inference", "prior", PROTOCOL, "training")


@dataclass(frozen=True, order=True)
class Component:
    """A component that took part.

    used_for: "inference", running the model; "prior", making the prior that it is given; "protocol"; "score:NAME", a
        score beside the protocol's; or "training", making its weights.
    kind: a kind's name; "protocol"; or "library", for what a distribution brings that components of others import.
    distribution: where it comes from; "session" for what the running program registered, "unregistered" for a class
        that has no name, "file" for what a script of PRIORSR_PLUGINS registered, and for a protocol that is in no
        package.
    version: of the distribution; of a script, the beginning of the SHA-256 of its file.
    hash: of the syntax trees of its module and of what that imports within its distribution; for a script, of its
        file's bytes and of what its class uses of files beside it. A protocol's is its content's.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}  # in the schema before pydantic 2.14, too

    used_for: str
    kind: str
    name: str
    distribution: str
    version: str
    hash: str

    def __post_init__(self) -> None:
        if self.used_for not in _USES and not self.used_for.startswith(_SCORE):
            raise ValueError(
                f"used_for is {self.used_for!r:.80}; one of {', '.join(_USES)} or {_SCORE}NAME was expected"
            )
        if not _HASH.fullmatch(self.hash):
            raise ValueError(f"hash is {self.hash!r:.80}; a SHA-256 in hex was expected")

    @property
    def source(self) -> tuple[str, ...]:
        """Return all but the version: what is the same where the same code is."""
        return self.used_for, self.kind, self.name, self.distribution, self.hash


def score_use(name: str) -> str:
    """Return what the components of a score beside the protocol's are used for."""
    return _SCORE + name
