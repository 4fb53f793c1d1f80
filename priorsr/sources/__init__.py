"""Whose code takes part in a result: components, and hashes of what their sources compute."""

from __future__ import annotations

from priorsr.sources.collecting import as_installed, code_hash, components_of, source_hash
from priorsr.sources.component import LIBRARY, UNREGISTERED, Component, Use

__all__ = ["LIBRARY", "UNREGISTERED", "Component", "Use", "as_installed", "code_hash", "components_of", "source_hash"]
