"""The scoring of a protocol: quantisation and border, the variants of the scores, and their aggregation.

Every score is `finish(terms)`. Its terms are means over an image, which can also be averaged over images first, as in
PFSR's script (the PSNR of a batch's mean MSE). Once the terms are known, no image is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from priorsr.errors import PriorsrError
from priorsr.execution.parallel import one_thread_each
from priorsr.fields import Count, Flag
from priorsr.files import sha256_json
from priorsr.metrics.colour import Colour
from priorsr.metrics.msssim import ms_ssim_of_terms, ms_ssim_terms
from priorsr.metrics.pairs import check_pair, to_8bit
from priorsr.metrics.psnr import mse, psnr_of_mse
from priorsr.metrics.ssim import Centre, Window
from priorsr.metrics.views import View

Border = Annotated[int, Field(strict=True, ge=0, le=2**31)]
# Bounds, far beyond practical values, within which float64 neither overflows nor divides by 0.
Sigma = Annotated[float, Field(strict=True, ge=0.01, le=1e4)]
Constant = Annotated[float, Field(strict=True, ge=1e-6, le=1)]
Exponent = Annotated[float, Field(strict=True, ge=1e-6, le=100)]


@dataclass(frozen=True)
class Psnr:
    """PSNR, see `priorsr.metrics.psnr`. Term: the MSE."""

    name: ClassVar[str] = "psnr"
    colour: Colour

    def terms(self, view: View) -> Tensor:
        """Return the terms of each image, (B,1)."""
        return mse(*view.planes(self.colour))[:, None]

    def finish(self, terms: Tensor) -> Tensor:
        """Return the scores of terms: (...,1) -> (...)."""
        return psnr_of_mse(terms[..., 0])

    def terms_of(self, scores: Tensor) -> Tensor:
        """Return the terms of images that have these scores: (...) -> (...,1)."""
        return 10 ** (-scores[..., None] / 10)


@dataclass(frozen=True)
class Ssim:
    """SSIM, see `priorsr.metrics.ssim`. Term: itself."""

    name: ClassVar[str] = "ssim"
    colour: Colour
    window: Count
    sigma: Sigma
    k1: Constant
    k2: Constant

    def terms(self, view: View) -> Tensor:
        """Return the terms of each image, (B,1)."""
        return view.similarity(self.colour, Window(self.window, self.sigma), self.k1, self.k2)[0][:, None]

    def finish(self, terms: Tensor) -> Tensor:
        """Return the scores of terms: (...,1) -> (...)."""
        return terms[..., 0]

    def terms_of(self, scores: Tensor) -> Tensor:
        """Return the terms of images that have these scores: (...) -> (...,1)."""
        return scores[..., None]


@dataclass(frozen=True)
class UniformSsim:
    """SSIM with uniform windows, scikit-image's default. Term: itself.

    unbiased: divide (co)variances by n - 1 for a window of n pixels.
    """

    name: ClassVar[str] = "ssim-uniform"
    colour: Colour
    window: Annotated[int, Field(strict=True, ge=2)]
    unbiased: Flag
    k1: Constant
    k2: Constant

    def terms(self, view: View) -> Tensor:
        """Return the terms of each image, (B,1)."""
        window = Window(self.window, None, unbiased=self.unbiased)
        return view.similarity(self.colour, window, self.k1, self.k2)[0][:, None]

    def finish(self, terms: Tensor) -> Tensor:
        """Return the scores of terms: (...,1) -> (...)."""
        return terms[..., 0]

    def terms_of(self, scores: Tensor) -> Tensor:
        """Return the terms of images that have these scores: (...) -> (...,1)."""
        return scores[..., None]


@dataclass(frozen=True)
class MsSsim:
    """MS-SSIM, see `priorsr.metrics.ms_ssim`. Term: itself."""

    name: ClassVar[str] = "msssim"
    colour: Colour
    window: Count
    sigma: Sigma
    k1: Constant
    k2: Constant
    weights: Annotated[tuple[Exponent, ...], Field(min_length=1, max_length=16)]
    last_scale_counted: Annotated[int, Field(strict=True, ge=1, le=100)]
    centre: Centre

    def terms(self, view: View) -> Tensor:
        """Return the terms of each image, (B,1)."""
        scales = len(self.weights)
        factors = ms_ssim_terms(view, self.colour, self.window, self.sigma, self.centre, self.k1, self.k2, scales)
        return ms_ssim_of_terms(factors, self.weights, self.last_scale_counted)[:, None]

    def finish(self, terms: Tensor) -> Tensor:
        """Return the scores of terms: (...,1) -> (...)."""
        return terms[..., 0]

    def terms_of(self, scores: Tensor) -> Tensor:
        """Return the terms of images that have these scores: (...) -> (...,1)."""
        return scores[..., None]


Score = Psnr | Ssim | UniformSsim | MsSsim
SCORES: Mapping[str, type[Score]] = {score.name: score for score in (Psnr, Ssim, UniformSsim, MsSsim)}


_AT_ONCE = 4  # images of a thread: with fewer, threads wait more for each other; more do not fit into the cache


class Scores(NamedTuple):
    """The scores of images, by the score's name in the protocol.

    per_image: (B,) float64 for each score; records and statistics use these.
    terms: (B,n) float64 for each score; the set's score is aggregated from these.
    """

    per_image: dict[str, Tensor]
    terms: dict[str, Tensor]

    @staticmethod
    def join(parts: Sequence[Scores]) -> Scores:
        """Concatenate the scores of batches to the scores of the whole set."""
        return Scores(_join([part.per_image for part in parts]), _join([part.terms for part in parts]))


@dataclass(frozen=True)
class Scoring:
    """The scoring of a protocol.

    quantise: clamp SR and HR to [0, 1] and round them to 8 bits before scoring; otherwise neither is done.
    border: pixels cut off at each side.
    batch: for the set's score, the number of images whose terms are averaged before a score is finished; a smaller last
        batch counts as much as the others. With 1, the set's score is the mean of the images' scores.
    scores: the scores by column name.
    """

    quantise: Flag
    border: Border
    batch: Count
    scores: Mapping[str, Score]

    @property
    def content(self) -> dict[str, Any]:
        """Return all settings that affect the numbers, as JSON values."""
        scores = {name: {"score": score.name, **asdict(score)} for name, score in self.scores.items()}
        return {"quantise": self.quantise, "border": self.border, "batch": self.batch, "scores": scores}

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of the content, in hex."""
        return sha256_json(self.content)

    def score(self, sr: Tensor, hr: Tensor) -> Scores:
        """Score images, see `score_many`."""
        return score_many([self], sr, hr)[0]

    def scores_of(self, images: View) -> Scores:
        """Return the scores of checked images."""
        view = images.of(self.quantise, self.border)
        terms = {name: score.terms(view) for name, score in self.scores.items()}
        return Scores({name: score.finish(terms[name]) for name, score in self.scores.items()}, terms)

    def aggregate(self, scores: Scores) -> dict[str, float]:
        """Aggregate the scores of all images, in the order of their ids, to the set's scores."""
        return {name: self._aggregated(score, scores.terms[name]) for name, score in self.scores.items()}

    def of_images(self, per_image: Mapping[str, Sequence[float]]) -> dict[str, float]:
        """Aggregate per-image scores by name, in the order of the images' ids, to the set's scores."""
        values = {name: torch.tensor(found, dtype=torch.float64) for name, found in per_image.items()}
        return {
            name: self._aggregated(score, score.terms_of(values[name]))
            for name, score in self.scores.items()
            if name in values
        }

    def _aggregated(self, score: Score, terms: Tensor) -> float:
        return float(score.finish(_batch_means(terms, self.batch)).mean())


def score_many(scorings: Sequence[Scoring], sr: Tensor, hr: Tensor) -> list[Scores]:
    """Score the same images under several protocols' scorings, which share common computations.

    sr, hr: (B,3,H,W) in [0, 1]; sr not clamped, hr from 8-bit images. An image's scores are bit-identical whatever the
        rest of the batch and the number of threads.

    Raises ShapeError for shapes that differ or are too small for a window, PriorsrError naming the image for NaN,
    infinity, and an HR image that is not 8-bit values divided by 255.
    """
    check_pair(sr, hr)
    _check_8bit(hr)

    @torch.no_grad()  # separate for each thread
    def score_few(pair: tuple[Tensor, Tensor]) -> list[Scores]:
        view = View(*pair)
        return [scoring.scores_of(view) for scoring in scorings]

    sr, hr = sr.contiguous(), hr.contiguous()  # sums over other memory layouts differ in the last bits
    found = one_thread_each(score_few, list(zip(sr.split(_AT_ONCE), hr.split(_AT_ONCE), strict=True)))
    return [Scores.join(parts) for parts in zip(*found, strict=True)]


def _join(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _check_8bit(hr: Tensor) -> None:
    off = (hr.float() * 255 - to_8bit(hr)).abs().amax(dim=(1, 2, 3)) > 1e-3
    if off.any():
        first = int(off.nonzero()[0, 0])
        raise PriorsrError(
            f"HR image {first} of the batch of {len(hr)} is not 8-bit; values k / 255 with k in 0..255 were expected, "
            "which (255 * hr).round() / 255 makes"
        )


def _batch_means(terms: Tensor, batch: int) -> Tensor:
    """Average over batches: (N,n) -> (ceil(N/batch),n)."""
    return torch.stack([part.mean(dim=0) for part in terms.split(batch)])
