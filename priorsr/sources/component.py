"""A component that took part in a result: who made it, in which version, and a hash of its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_HASH = re.compile("[0-9a-f]{64}")
LIBRARY = "library"
UNREGISTERED = "unregistered"

Use = Literal["inference", "prior", "scoring", "training"]


@dataclass(frozen=True, order=True)
class Component:
    """A component that took part.

    used_for: running the model, making the prior that it is given, scoring, or training its weights.
    kind: a kind's name; "protocol"; or "library", for what a distribution brings that components of others import.
    distribution: where it comes from; "session" for what the running program registered, "unregistered" for a class
        that has no name.
    hash: of its source's syntax trees: its module, and what that imports within its distribution. A protocol's is its
        content's.
    """

    used_for: Use
    kind: str
    name: str
    distribution: str
    version: str
    hash: str

    def __post_init__(self) -> None:
        if not _HASH.fullmatch(self.hash):
            raise ValueError(f"hash is {self.hash!r:.80}; a SHA-256 in hex was expected")
