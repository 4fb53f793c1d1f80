"""A batch of pairs, mirrored and turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from priorsr.containers import Batch, Prior
from priorsr.data.pair_checks import Pair
from priorsr.priors import flip_prior, rotate_prior


@dataclass
class PairFaces:
    """Faces of a Dataset of pairs, in floating point as they were given, unlike `Faces` of a face set."""

    content: Batch

    @classmethod
    def of(cls, pairs: Sequence[Pair], ids: tuple[str, ...], priors: Sequence[str]) -> PairFaces:
        """Return pairs as one batch, with these parts of their priors."""
        kept = {*priors, *(("valid",) if "landmarks" in priors else ())}
        parts = {name: [getattr(pair.prior, name) for pair in pairs] for name in kept}
        prior = Prior(**{name: torch.stack(part) for name, part in parts.items()})
        return cls(
            Batch(torch.stack([pair.lr for pair in pairs]), torch.stack([pair.hr for pair in pairs]), prior, ids)
        )

    def flip(self, where: np.ndarray) -> None:
        """Mirror the faces at `where` (B) left to right, with classes and landmarks changing sides."""
        self._change(where, lambda image: image.flip(-1), lambda prior: flip_prior(prior, self.content.hr.shape[-1]))

    def turn(self, where: np.ndarray, quarters: int) -> None:
        """Turn the faces at `where` (B), which are square, counter-clockwise by quarter turns."""
        size = self.content.hr.shape[-1]
        self._change(
            where,
            lambda image: image.rot90(quarters, (-2, -1)),
            lambda prior: rotate_prior(prior, quarters, size),
        )

    def batch(self) -> Batch:
        """Return the faces."""
        return self.content

    def _change(
        self, where: np.ndarray, of_image: Callable[[Tensor], Tensor], of_prior: Callable[[Prior], Prior]
    ) -> None:
        if not where.any():
            return
        chosen = torch.from_numpy(where)

        def pick(new: Tensor, old: Tensor) -> Tensor:
            return torch.where(chosen.view(-1, *[1] * (old.ndim - 1)), new, old)

        lr, hr, prior, ids = self.content
        parts = [
            None if new is None or old is None else pick(new, old)
            for new, old in zip(of_prior(prior), prior, strict=True)
        ]
        self.content = Batch(pick(of_image(lr), lr), pick(of_image(hr), hr), Prior(*parts), ids)
