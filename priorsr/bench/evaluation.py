"""One pass of a model over a split: SR images scored as they come, and kept on disk, never in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from priorsr.errors import PriorsrError
from priorsr.kinds import Score as Judge
from priorsr.metrics import Protocol, Scores, to_8bit
from priorsr.models.eval_mode import in_eval_mode
from priorsr.types import Batch, Prior, SROutput


class Evaluation(NamedTuple):
    """What a pass found, in the order of the images' ids: each protocol's scores, and each judge's, (N,) float64."""

    ids: tuple[str, ...]
    protocols: tuple[Scores, ...]
    judges: dict[str, Tensor]


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    batches: Iterable[Batch],
    protocols: Sequence[Protocol],
    judges: Mapping[str, Judge],
    *,
    device: torch.device,
    prior_of: Callable[[Batch], Prior | None],
    keep: Callable[[Tensor, Sequence[str]], None] | None = None,
) -> Evaluation:
    """Run a model in eval mode over batches, and score its images by protocols and judges.

    prior_of: what the model is given beside the LR images of a batch. Protocols get SR as the model answers it; judges
    get what a user would save, clamped and rounded to 8 bits, and so does `keep(sr, ids)`. Raises PriorsrError naming
    the image where the answer has another shape than HR, or a NaN.
    """
    ids: list[str] = []
    scores: list[list[Scores]] = [[] for _ in protocols]
    judged: dict[str, list[Tensor]] = {name: [] for name in judges}
    for batch in batches:
        sr = super_resolve(model, batch, prior_of(batch), device).cpu()
        saved = to_8bit(sr).float() / 255
        for parts, protocol in zip(scores, protocols, strict=True):
            parts.append(protocol.score(sr, batch.hr))
        for name, judge in judges.items():
            judged[name].append(judge(saved, batch.hr).double().cpu())
        if keep is not None:
            keep(saved, batch.ids)
        ids.extend(batch.ids)
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return Evaluation(
        tuple(ids[place] for place in order),
        tuple(_in_order(Scores.join(parts), order) for parts in scores),
        {name: torch.cat(parts)[order] for name, parts in judged.items()},
    )


def super_resolve(model: nn.Module, batch: Batch, prior: Prior | None, device: torch.device) -> Tensor:
    """A model's SR images (B,3,H,W) of a batch, float32; raises PriorsrError for an answer that cannot be scored."""
    who = f"the model {type(model).__name__}"
    answer = model(batch.lr.to(device), prior_on(prior, device))
    if not isinstance(answer, SROutput):
        raise PriorsrError(f"{who} answers with a {type(answer).__name__}; an SROutput was expected")
    if answer.sr.shape != batch.hr.shape:
        raise PriorsrError(
            f"{who} answers LR images {tuple(batch.lr.shape)} with {tuple(answer.sr.shape)}; "
            f"{tuple(batch.hr.shape)}, the shape of HR, was expected"
        )
    bad = ~answer.sr.isfinite().flatten(1).all(dim=1)
    if bad.any():
        raise PriorsrError(f"{who} answers the image {batch.ids[int(bad.nonzero()[0, 0])]!r} with NaN or infinity")
    return answer.sr.float()


def prior_on(prior: Prior | None, device: torch.device) -> Prior | None:
    """A prior on a device."""
    return None if prior is None else Prior(*(None if part is None else part.to(device) for part in prior))


def _in_order(scores: Scores, order: list[int]) -> Scores:
    return Scores(*({name: values[order] for name, values in part.items()} for part in scores))


@contextmanager
def ready_to_score(model: nn.Module, device: torch.device) -> Iterator[nn.Module]:
    """A model in eval mode on `device`, computing in float32 (no TF32), repeatably.

    Afterwards its modules are in the modes they were in, and where they were.
    """
    home = next((tensor.device for tensor in model.state_dict().values()), device)
    try:
        with in_eval_mode(model), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            yield model.to(device)
    finally:
        model.to(home)
