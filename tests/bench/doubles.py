"""What stands in for faces and models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor, nn

from priorsr.bench.store.score_facts import ImageHashes
from priorsr.bench.store.stored_images import pixel_hash
from priorsr.containers import Prior, SROutput
from priorsr.data import FaceSet
from priorsr.data.manifest import Provenance
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.files import sha256_json
from priorsr.sources import Component

COMPONENT = Component("inference", "model", "network", "somebody", "1.0", "1" * 64)
PROTOCOL = """
description = "For tests: PSNR of small images, in groups of 2."
crop = ""
notes = []
[reduction]
hr_size = 32
scale = 8
kernel = "pil-bicubic"
quantise = true
[scoring]
quantise = {quantise}
border = {border}
batch = 2
[scoring.psnr]
score = "psnr"
colour = "rgb"
"""


def protocol(path: Path, quantise: bool, border: int) -> Path:
    """A protocol's file that scores nothing but PSNR."""
    path.write_text(PROTOCOL.format(quantise=str(quantise).lower(), border=border))
    return path


def clouds(path: Path, count: int = 5, size: int = 128) -> FaceSet:
    """A set of clouds with parsing maps, in the split `val`."""
    faces = [Face(f"cloud-{index}", "val", str(index), partial(cloud, index, size)) for index in range(count)]
    about = About(name="clouds", source="a formula", licence="CC0-1.0")
    return write_face_set(path, faces, about, parsing=Provenance(tool="a formula", version="1"))


def cloud(seed: int, size: int = 128) -> Pixels:
    """A smooth picture with some grain."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
    grain = rng.integers(-12, 13, (size, size, 3))
    parsing = np.zeros((size, size), dtype=np.uint8)
    parsing[size // 4 : -size // 4, size // 4 : -size // 4] = 1
    return Pixels((smooth + grain).clip(0, 255).astype(np.uint8), parsing)


@dataclass(frozen=True)
class NoConfig:
    pass


class Stored(nn.Module):
    """Answers LR images that it knows with images that it was given; it keeps count of the images that it saw."""

    kind = "model"
    Config = NoConfig
    config = NoConfig()
    scale = 8
    size_multiple = 1

    def __init__(self, lr: Tensor, answers: Tensor, prior: str = "none") -> None:
        super().__init__()
        self.prior = prior
        self.known = nn.Parameter(lr)
        self.answers = nn.Parameter(answers)
        self.count = 0
        self.priors: list[Prior | None] = []

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        assert not self.training
        self.count += len(lr)
        self.priors.append(prior)
        places = (lr[:, None] - self.known[None]).abs().flatten(2).sum(dim=2).argmin(dim=1)
        return SROutput(self.answers[places])


def image_hashes(face: str) -> ImageHashes:
    """Possible hashes of a face's images."""
    return ImageHashes(**{which: sha256_json([face, which])[:16] for which in ("hr", "lr", "sr")})


def teal(size: int) -> Image.Image:
    """An image of one colour."""
    return Image.new("RGB", (size, size), "teal")


def teal_hashes(faces: Iterable[str]) -> dict[str, ImageHashes]:
    """The hashes of faces whose images are teal: SR and HR of 128 pixels, LR of 16."""
    small, large = (pixel_hash(np.asarray(teal(size))) for size in (16, 128))
    return {face: ImageHashes(hr=large, lr=small, sr=large) for face in faces}
