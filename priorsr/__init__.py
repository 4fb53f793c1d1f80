"""Interchangeable components for prior-guided face super-resolution.

Importing this module imports nothing heavy; each public name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from priorsr.errors import PriorsrError
from priorsr.version import __version__

if TYPE_CHECKING:
    from priorsr.description import describe
    from priorsr.inference.acceleration import accelerate
    from priorsr.models.weights import load, save
    from priorsr.registry import Part, create, names, register
    from priorsr.types import Batch, Prior, SROutput

_LAZY = {
    "Batch": "priorsr.types",
    "Part": "priorsr.registry",
    "Prior": "priorsr.types",
    "SROutput": "priorsr.types",
    "accelerate": "priorsr.inference.acceleration",
    "create": "priorsr.registry",
    "describe": "priorsr.description",
    "load": "priorsr.models.weights",
    "names": "priorsr.registry",
    "register": "priorsr.registry",
    "save": "priorsr.models.weights",
}

__all__ = [
    "Batch",
    "Part",
    "Prior",
    "PriorsrError",
    "SROutput",
    "__version__",
    "accelerate",
    "create",
    "describe",
    "load",
    "names",
    "register",
    "save",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'priorsr' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return __all__
