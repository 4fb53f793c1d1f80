"""Face sets: how they are made, checked and loaded."""

from __future__ import annotations

from priorsr.data.face_set import FaceSet
from priorsr.data.loader import FaceLoader
from priorsr.data.manifest import Manifest, Provenance
from priorsr.data.mixed_loader import MixedLoader
from priorsr.data.reduction import Reduction
from priorsr.data.training_set import TrainingData, TrainingSet
from priorsr.data.writer import About, Face, Pixels, write_face_set

__all__ = [
    "About",
    "Face",
    "FaceLoader",
    "FaceSet",
    "Manifest",
    "MixedLoader",
    "Pixels",
    "Provenance",
    "Reduction",
    "TrainingData",
    "TrainingSet",
    "write_face_set",
]
