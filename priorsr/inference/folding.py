"""Replace modules by cheaper ones that compute the same in eval mode."""

from __future__ import annotations

from collections import Counter
from typing import Protocol, runtime_checkable

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


@runtime_checkable
class Foldable(Protocol):
    """A module that defines a cheaper form of itself.

    `folded()` returns a module that computes the same in eval mode, perhaps itself. It is called on a copy in eval
    mode, whose inner modules have been folded before; it may change and reuse them.
    """

    def folded(self) -> nn.Module: ...


def fold(module: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """Fold a module in eval mode, from the inside out: (the folded module, what was folded). The module is used up.

    Folded are every module with `folded()`; batch normalisation that follows a convolution in an nn.Sequential; and
    PReLU with one slope, into LeakyReLU, which compilers fuse with a convolution.
    """
    counts: Counter[str] = Counter()
    folded = _fold(module, counts, {})
    return folded.eval(), tuple(f"folded {what} ({count})" for what, count in sorted(counts.items()))


def _fold(module: nn.Module, counts: Counter[str], known: dict[nn.Module, nn.Module]) -> nn.Module:
    if module not in known:  # or it stands in two places, and stays shared
        for name, inner in module._modules.items():
            if inner is not None:
                module._modules[name] = _fold(inner, counts, known)
        if isinstance(module, nn.Sequential):
            _fold_norms(module, counts)
        known[module] = _folded(module, counts)
    return known[module]


def _folded(module: nn.Module, counts: Counter[str]) -> nn.Module:
    if isinstance(module, Foldable):
        counts[type(module).__name__] += 1
        return module.folded().eval()
    if type(module) is nn.PReLU and module.num_parameters == 1:
        counts["PReLU with one slope into LeakyReLU"] += 1
        return nn.LeakyReLU(module.weight.item())
    return module


def _fold_norms(sequence: nn.Sequential, counts: Counter[str]) -> None:
    """Fold each batch normalisation into the convolution before it; types are exact, since a subclass may do more."""
    for place in range(len(sequence) - 1):
        conv, norm = sequence[place], sequence[place + 1]
        if type(norm) is not nn.BatchNorm2d or norm.running_mean is None:  # or it takes the batch's own statistics
            continue
        if type(conv) is nn.Conv2d:
            sequence[place] = fuse_conv_bn_eval(conv, norm)
        elif type(conv) is nn.ConvTranspose2d and conv.groups == 1:
            sequence[place] = fuse_conv_bn_eval(conv, norm, transpose=True)
        else:
            continue
        sequence[place + 1] = nn.Identity()
        counts["BatchNorm2d into the convolution before it"] += 1
