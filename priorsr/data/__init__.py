"""Face sets: how they are made, checked and loaded.

The functions have the names of the commands `priorsr data ...`, and load what they need when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from priorsr.data.dataset_pairs import Pairs
from priorsr.data.face_set import FaceSet, LoadedFace
from priorsr.data.loader import FaceLoader
from priorsr.data.manifest import Manifest, Provenance
from priorsr.data.mixed_loader import MixedLoader
from priorsr.data.reduction import Reduction
from priorsr.data.shards.broken_faces import BrokenFaces
from priorsr.data.shards.shard_loader import ShardLoader
from priorsr.data.shards.shard_set import ShardSet
from priorsr.data.training_set import TrainingData, TrainingPairs, TrainingSet
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.lazy_names import lazily

if TYPE_CHECKING:
    from priorsr.data.doctor.examination import examine
    from priorsr.data.estimated import estimate_priors
    from priorsr.data.importers.celeba import import_celeba
    from priorsr.data.importers.celebamask_hq import import_celebamask_hq
    from priorsr.data.importers.folder import import_folder
    from priorsr.data.importers.helen import import_helen
    from priorsr.data.importers.synthetic import synthesise
    from priorsr.data.shards.shard_writing import shard

_LAZY = {
    "estimate_priors": "priorsr.data.estimated",
    "examine": "priorsr.data.doctor.examination",
    "import_celeba": "priorsr.data.importers.celeba",
    "import_celebamask_hq": "priorsr.data.importers.celebamask_hq",
    "import_folder": "priorsr.data.importers.folder",
    "import_helen": "priorsr.data.importers.helen",
    "shard": "priorsr.data.shards.shard_writing",
    "synthesise": "priorsr.data.importers.synthetic",
}

__all__ = [
    "About",
    "BrokenFaces",
    "Face",
    "FaceLoader",
    "FaceSet",
    "LoadedFace",
    "Manifest",
    "MixedLoader",
    "Pairs",
    "Pixels",
    "Provenance",
    "Reduction",
    "ShardLoader",
    "ShardSet",
    "TrainingData",
    "TrainingPairs",
    "TrainingSet",
    "estimate_priors",
    "examine",
    "import_celeba",
    "import_celebamask_hq",
    "import_folder",
    "import_helen",
    "shard",
    "synthesise",
    "write_face_set",
]

__getattr__ = lazily(__name__, _LAZY)
