"""Run a model over a batch and score its SR images; only numbers of a batch are kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from priorsr.bench.scoring.deterministic import deterministic
from priorsr.bench.store.score_facts import ImageHashes
from priorsr.bench.store.stored_images import pixel_hashes
from priorsr.containers import Batch, Prior
from priorsr.execution.eval_mode import in_eval_mode
from priorsr.kinds import Score
from priorsr.metrics import Protocol, Scores, call_score, score_many, to_8bit
from priorsr.models.image_checks import checked_sr

_CPU = torch.device("cpu")


class Evaluation(NamedTuple):
    """Hashes and scores of faces, in the order of `images`.

    images: by face, the hashes of its images. arrays: by face, the hash of SR as an array; empty where none was kept.
    protocols: by protocol hash. extra_scores: those beside the protocols', by name, (N,) float64.
    """

    images: dict[str, ImageHashes]
    arrays: dict[str, str]
    protocols: dict[str, Scores]
    extra_scores: dict[str, Tensor]

    @staticmethod
    def join(parts: Sequence[Evaluation]) -> Evaluation:
        """Join the evaluations of batches, one after the other."""
        first = parts[0]
        return Evaluation(
            {face: hashes for part in parts for face, hashes in part.images.items()},
            {face: digest for part in parts for face, digest in part.arrays.items()},
            {digest: Scores.join([part.protocols[digest] for part in parts]) for digest in first.protocols},
            {name: torch.cat([part.extra_scores[name] for part in parts]) for name in first.extra_scores},
        )


@torch.inference_mode()
def evaluate(
    sr: Tensor,
    batch: Batch,
    protocols: Sequence[Protocol],
    extra_scores: Mapping[str, Score],
    device: torch.device = _CPU,
) -> Evaluation:
    """Score the SR images (B,3,H,W) of a batch, on the CPU. protocols: at least one, all of one reduction.

    Protocols get SR as the model returns it; extra scores, on `device`, get it clamped and rounded to 8 bits.
    """
    sr = sr.contiguous()  # as saved images are, for the extra scores' last bits
    saved = to_8bit(sr).float() / 255
    hashes = zip(*map(pixel_hashes, (batch.hr, batch.lr, saved)), strict=True)
    scores = score_many([protocol.scoring for protocol in protocols], sr, batch.hr)
    shown, hr, lr = (images.to(device) for images in (saved, batch.hr, batch.lr))
    reduction = protocols[0].reduction
    shared: dict[Hashable, Tensor] = {}
    return Evaluation(
        {face: ImageHashes(hr=hr, lr=lr, sr=sr) for face, (hr, lr, sr) in zip(batch.ids, hashes, strict=True)},
        {},
        {protocol.content_hash: found for protocol, found in zip(protocols, scores, strict=True)},
        {
            name: call_score(score, shown, hr, lr=lr, reduction=reduction, ids=batch.ids, shared=shared, name=name)
            .double()
            .cpu()
            for name, score in extra_scores.items()
        },
    )


@torch.inference_mode()
def super_resolve(model: nn.Module, batch: Batch, prior: Prior | None, device: torch.device) -> Tensor:
    """Return a model's SR images (B,3,H,W) of a batch, float32.

    Raises PriorsrError for an output that cannot be scored.
    """
    return checked_sr(
        model(batch.lr.to(device), None if prior is None else prior.to(device)), batch, type(model).__name__
    ).float()


@contextmanager
def ready_to_score(model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
    """Put a model into eval mode on `device`, computing deterministically.

    Afterwards its modules are back in their modes and on their devices.
    """
    home = next((tensor.device for tensor in model.state_dict().values()), device)
    try:
        with in_eval_mode(model), deterministic(device):
            yield model.to(device)
    finally:
        model.to(home)
