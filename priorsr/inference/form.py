"""The network inside an accelerated model: folded, in the memory format and the precision that it computes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map_only, tree_unflatten

from priorsr.containers import SROutput
from priorsr.inference.acceleration_report import Precision

_MULTIPLIERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


class Form(nn.Module):
    """A network in eval mode and channels_last, which computes in a precision and returns float32.

    In bf16 it runs in autocast, and the weights of its convolutions and linear layers are cast once, here. The network
    is changed.
    """

    def __init__(self, network: nn.Module, precision: Precision) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.precision = precision
        if precision == "bf16":
            for module in network.modules():
                if isinstance(module, _MULTIPLIERS):
                    module.to(torch.bfloat16)

    def forward(self, lr: Tensor, *rest: Any, **options: Any) -> SROutput:
        with torch.autocast(lr.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            answer = self.network(lr, *rest, **options)
        return tree_map_only(Tensor, Tensor.float, answer)


class Shaped(nn.Module):
    """A form as a function of tensors alone, (*tensors) -> the tensors of its result, for one structure of call.

    call: (args, keywords); what is no tensor in it is a constant.
    """

    def __init__(self, form: nn.Module, call: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        super().__init__()
        self.form = form
        self.call = call
        leaves, self._called = tree_flatten(call)
        self._constants = [None if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        self._places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tree_leaves(self.result(tensors)))

    def plain(self) -> Shaped:
        """Return the form's network as such a function, without autocast."""
        return Shaped(self.form.network, self.call) if isinstance(self.form, Form) else self

    def result(self, tensors: Sequence[Tensor]) -> SROutput:
        """Return the result in its own structure, which the programs do not know."""
        leaves = list(self._constants)
        for place, tensor in zip(self._places, tensors, strict=True):
            leaves[place] = tensor
        args, options = tree_unflatten(leaves, self._called)
        result: SROutput = self.form(*args, **options)
        return result
