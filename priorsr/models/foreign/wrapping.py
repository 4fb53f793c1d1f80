"""Wrap any network or function lr -> sr as a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.bounds import check_number
from priorsr.containers import Prior, SROutput
from priorsr.errors import PriorsrError, WrongKindError, raised
from priorsr.models.foreign.network_settings import settings_hash
from priorsr.models.input_checks import check_input


class WrappedModel(nn.Module):
    """A foreign network, called with the LR image only.

    network: the network. config: the scales and a hash of its settings, for records. name: of its class or function.

    Shapes: lr (B,3,h,w) -> sr (B,3,scale*h,scale*w). If the network enlarges by less than `scale`, the rest is bicubic.
        Another shape raises PriorsrError.
    Range: RGB in [0, 1] in; the network's own range out, not clamped.
    Source: the network's authors.
    """

    kind = "model"
    prior = "none"

    def __init__(self, network: nn.Module, name: str, scale: int, network_scale: int, size_multiple: int) -> None:
        super().__init__()
        self.network, self.name = network, name
        self.scale, self.network_scale, self.size_multiple = scale, network_scale, size_multiple

    @property
    def config(self) -> dict[str, Any]:
        """Return the scales, if they differ the method of the remaining enlargement, and the hash of the settings."""
        rest = {} if self.network_scale == self.scale else {"network_scale": self.network_scale, "rest": "bicubic"}
        return {"scale": self.scale, **rest, "settings": settings_hash(self.network)[:16]}

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        check_input(self, lr, prior, who=self.name)
        sr = _image_of(self._called(lr), self.name)
        size = [side * self.scale for side in lr.shape[2:]]
        expected = [side * self.network_scale for side in lr.shape[2:]]
        if list(sr.shape) != [len(lr), 3, *expected]:
            raise PriorsrError(
                f"{self.name} returns {tuple(sr.shape)} for LR images {tuple(lr.shape)}; ({len(lr)}, 3, "
                f"{expected[0]}, {expected[1]}), enlarged by {self.network_scale}, was expected"
            )
        if size != expected:
            sr = F.interpolate(sr, size, mode="bicubic", align_corners=False)
        return SROutput(sr)

    def _called(self, lr: Tensor) -> Any:
        if torch.compiler.is_compiling():
            return self.network(lr)
        try:
            return self.network(lr)
        except (PriorsrError, torch.OutOfMemoryError):
            raise
        except (Exception, SystemExit) as error:  # somebody else's code may raise anything
            raise PriorsrError(f"{self.name} raises {raised(error)} for LR images {tuple(lr.shape)}") from error


def wrap(
    network: nn.Module | Callable[[Tensor], Any],
    *,
    scale: int = 8,
    network_scale: int | None = None,
    size_multiple: int = 1,
    name: str | None = None,
) -> nn.Module:
    """Wrap any network or function as a model, for `priorsr.bench.run`, `priorsr.upscale` and `priorsr.export`.

    network: called with LR images (B,3,h,w), RGB in [0, 1]; it returns SR images (B,3,s*h,s*w), also as the first of
        several values. A model of priorsr is returned as it is.
    scale: scale of the model. network_scale: scale of the network, if smaller; the rest is bicubic.
    size_multiple: the sides of the LR image must be multiples of it.
    name: name of the model; by default, that of the network's class or of the function.

    Raises WrongKindError for anything that cannot be called, and OptionError for a wrong scale.
    """
    if getattr(network, "kind", None) == "model":
        assert isinstance(network, nn.Module)
        return network
    if not callable(network) or isinstance(network, type):
        raise WrongKindError(f"{network!r:.80} cannot be wrapped as a model; a module or a function was expected")
    inner = scale if network_scale is None else network_scale
    check_number("scale", scale, 1)
    check_number("network_scale", inner, 1, scale)
    check_number("size_multiple", size_multiple, 1)
    module = network if isinstance(network, nn.Module) else _as_module(network)
    return WrappedModel(module, name or type(module).__qualname__, scale, inner, size_multiple).eval()


def _as_module(function: Callable[[Tensor], Any]) -> nn.Module:
    """Return a module whose class has the function's name, so that its source is found as that of a class."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    body = {"forward": staticmethod(function), "__module__": getattr(function, "__module__", __name__)}
    made: nn.Module = type(name, (nn.Module,), body)()
    return made


def _image_of(answer: Any, name: str) -> Tensor:
    """Return the image of a network's output: itself, its `sr`, or the first of several values."""
    found = getattr(answer, "sr", answer)
    if isinstance(found, tuple | list) and found:
        found = found[0]
    if not isinstance(found, Tensor) or found.ndim != 4:
        shape = f" of shape {tuple(found.shape)}" if isinstance(found, Tensor) else ""
        raise PriorsrError(f"{name} returns a {type(found).__name__}{shape}; SR images (B,3,H,W) were expected")
    return found
