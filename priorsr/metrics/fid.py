"""FID of a set of images, by the network of the package pytorch-fid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import PriorsrError
from priorsr.files import require_extra
from priorsr.pretrained import UNTRAINED, hub_weights, load_published
from priorsr.shapes import check_map, check_same

FEATURES = 2048


class FID(nn.Module):
    """FID: the Fréchet distance between the Inception features of all SR and all HR images of a set.

    `start()` returns a new `FIDSums`, which takes the set batch by batch and keeps means and covariances only. FID is a
    score of a set, never of an image, and falls with the size of the set: compare sets of equal size only.

    weights: Inception weights: None for those that define FID, in torch's cache; a path for others; "untrained" for
    none. fetch: download them into the cache if they are absent.

    Raises MissingExtraError without the package, MissingWeightsError naming the file without the weights.

    Shapes: `add(sr, hr)` takes (B,3,H,W), any sides. Wrong shapes raise ShapeError.
    Range: images in [0, 1], enlarged to 299 x 299 (bilinear, not antialiased) as the package does; 0 for equal sets.
    Source: Heusel et al., "GANs trained by a two time-scale update rule" (NeurIPS 2017); the network and its input are
        pytorch-fid's.
    """

    kind = "score"
    local: ClassVar = {"weights": UNTRAINED, "fetch": False}
    level = "set"
    higher_is_better = False
    bounds = (0.0, math.inf)
    networks = ("FID", "InceptionV3", "Inception3")

    def __init__(self, weights: str | Path | None = None, fetch: bool = False) -> None:
        super().__init__()
        for package in ("pytorch_fid", "torchvision"):
            require_extra(package, "bench")
        from pytorch_fid.inception import FID_WEIGHTS_URL

        path = hub_weights(FID_WEIGHTS_URL, "FID's Inception", fetch=fetch) if weights is None else weights
        self.network = _inception()
        if path != UNTRAINED:
            load_published(self.network, path, "Inception weights of pytorch-fid")
        self.network.fc = nn.Identity()
        self.requires_grad_(False).eval()

    def start(self) -> FIDSums:
        """Return an empty accumulator."""
        return FIDSums(self)

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Compute the network's features: (B,3,H,W) in [0, 1] -> (B,2048)."""
        weight = next(self.network.parameters())
        enlarged = F.interpolate(images.to(weight), (299, 299), mode="bilinear", align_corners=False)
        seen: Tensor = self.network(2 * enlarged - 1)
        return seen


class FIDSums:
    """Accumulator of FID: call `add` for each batch, then `value`."""

    def __init__(self, score: FID) -> None:
        self._score = score
        self._sr, self._hr = Moments(FEATURES), Moments(FEATURES)

    def add(self, sr: Tensor, hr: Tensor) -> None:
        """Take a batch: (B,3,H,W) in [0, 1] each."""
        check_map(sr, 3, "FID", "sr")
        check_same(sr, hr, "FID", "sr and hr")
        self._sr.add(self._score.features(sr))
        self._hr.add(self._score.features(hr))

    def value(self) -> float:
        """Return the FID of all images taken; raises PriorsrError for fewer than two."""
        if self._sr.count < 2:
            raise PriorsrError(f"FID: {self._sr.count} image was taken; a covariance needs two at least")
        return frechet_distance(*self._sr.mean_and_covariance(), *self._hr.mean_and_covariance())

    def warning(self) -> str | None:
        """Return why the value is unreliable; None if it is reliable."""
        if self._sr.count >= FEATURES:
            return None
        return (
            f"FID of {self._sr.count:,} images: below {FEATURES:,}, the number of its features, covariances are "
            "singular and the value is far too high; compare it within this set only"
        )


class Moments:
    """Mean and covariance of vectors (n,d), accumulated over batches in float64."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self._sum = torch.zeros(width, dtype=torch.float64)
        self._products = torch.zeros(width, width, dtype=torch.float64)

    def add(self, vectors: Tensor) -> None:
        """Take a batch (n,d)."""
        wide = vectors.to("cpu", torch.float64)
        self.count += len(wide)
        self._sum += wide.sum(0)
        self._products.addmm_(wide.T, wide)

    def mean_and_covariance(self) -> tuple[Tensor, Tensor]:
        """Return the mean (d,) and the covariance (d,d), divided by n - 1."""
        mean = self._sum / self.count
        return mean, (self._products - self.count * torch.outer(mean, mean)) / (self.count - 1)


def frechet_distance(mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor) -> float:
    """Return the squared Fréchet distance of two Gaussians, (d,) and (d,d) each; at least 0.

    The trace of root(AB) equals that of root(root(A) B root(A)), which is symmetric, so singular covariances need no
    regularisation.
    """
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    shared = torch.linalg.eigvalsh(root @ other_covariance @ root).clamp(min=0).sqrt().sum()
    apart = (mean - other_mean).square().sum() + covariance.trace() + other_covariance.trace()
    return float((apart - 2 * shared).clamp(min=0))


def _inception() -> nn.Module:
    """Build pytorch-fid's network without its weights, which its own constructor would download."""
    from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    network.transform_input = False
    network.Mixed_5b = FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = FIDInceptionA(288, pool_features=64)
    network.Mixed_6b = FIDInceptionC(768, channels_7x7=128)
    network.Mixed_6c = FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6d = FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6e = FIDInceptionC(768, channels_7x7=192)
    network.Mixed_7b = FIDInceptionE_1(1280)
    network.Mixed_7c = FIDInceptionE_2(2048)
    return network
