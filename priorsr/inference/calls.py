"""Calls of models: their tensors, and their faces in groups of one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

from priorsr.containers import SROutput

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""(args, keywords) of a model; the first argument is the LR batch."""


def tensors_of(call: Call) -> list[Tensor]:
    """Return the tensors of a call, in the order of programs' inputs."""
    return [leaf for leaf in tree_leaves(call) if isinstance(leaf, Tensor)]


def in_groups(run: Callable[[Call], SROutput], call: Call, size: int) -> SROutput:
    """Return what `run` returns for a call, computed in groups of exactly `size` faces; the last one is filled up.

    Tensors as long as the LR batch are split among the groups; all others are given to each.
    """
    count = len(call[0][0])
    results = [run(tree_map(partial(_group, first, size, count), call)) for first in range(0, count, size)]
    leaves = [tree_flatten(result)[0] for result in results]
    whole = [torch.cat(parts)[:count] for parts in zip(*leaves, strict=True)]
    joined: SROutput = tree_unflatten(whole, tree_flatten(results[0])[1])
    return joined


def _group(first: int, size: int, count: int, part: Any) -> Any:
    if not isinstance(part, Tensor) or not part.dim() or len(part) != count:
        return part
    places = torch.arange(first, first + size).clamp(max=count - 1)
    return part[places]
