"""Interchangeable components for prior-guided face super-resolution.

Importing this module imports nothing heavy; each public name loads what it needs when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from priorsr.errors import PriorsrError
from priorsr.lazy_names import lazily
from priorsr.version import __version__

if TYPE_CHECKING:
    from priorsr.bench.made_elsewhere.image_scores import score
    from priorsr.containers import Batch, Prior, SROutput
    from priorsr.description import describe
    from priorsr.inference.acceleration import accelerate
    from priorsr.inference.upscaling.upscale import upscale
    from priorsr.models.creation import create, from_pretrained, load
    from priorsr.models.finding import weights_names
    from priorsr.models.foreign.wrapping import wrap
    from priorsr.models.hub import push_to_hub, save_pretrained
    from priorsr.models.weights import save
    from priorsr.registry import Part, names, register

_LAZY = {
    "Batch": "priorsr.containers",
    "Part": "priorsr.registry",
    "Prior": "priorsr.containers",
    "SROutput": "priorsr.containers",
    "accelerate": "priorsr.inference.acceleration",
    "create": "priorsr.models.creation",
    "describe": "priorsr.description",
    "from_pretrained": "priorsr.models.creation",
    "load": "priorsr.models.creation",
    "names": "priorsr.registry",
    "push_to_hub": "priorsr.models.hub",
    "register": "priorsr.registry",
    "save": "priorsr.models.weights",
    "save_pretrained": "priorsr.models.hub",
    "score": "priorsr.bench.made_elsewhere.image_scores",
    "upscale": "priorsr.inference.upscaling.upscale",
    "weights_names": "priorsr.models.finding",
    "wrap": "priorsr.models.foreign.wrapping",
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
    "from_pretrained",
    "load",
    "names",
    "push_to_hub",
    "register",
    "save",
    "save_pretrained",
    "score",
    "upscale",
    "weights_names",
    "wrap",
]

__getattr__ = lazily(__name__, _LAZY)


def __dir__() -> list[str]:
    return __all__
