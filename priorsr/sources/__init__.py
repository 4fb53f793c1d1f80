"""The components that take part in a result, and hashes of their source code."""

from __future__ import annotations

from priorsr.sources.collecting import as_installed, code_hash, components_of, source_hash
from priorsr.sources.component import LIBRARY, PROTOCOL, UNREGISTERED, Component, score_use

__all__ = [
    "LIBRARY",
    "PROTOCOL",
    "UNREGISTERED",
    "Component",
    "as_installed",
    "code_hash",
    "components_of",
    "score_use",
    "source_hash",
]
