"""Trace a model by torch.export, for batches of any size, and for images of any size where it allows that."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from priorsr.errors import BackendError
from priorsr.inference.folding import fold
from priorsr.inference.upscaling.model_input import ModelInput

FACTORS = (1, 2, 4, 8)  # of the model's own multiple, tried in this order
_PATHS = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")


class Traced(NamedTuple):
    """A traced model. LR images have sides from `side` on that are multiples of `multiple`; 0: `side` only."""

    program: ExportedProgram
    multiple: int
    side: int

    def examples(self) -> list[tuple[int, ...]]:
        """Return shapes of LR batches that the graph takes, of several sizes where it takes several."""
        if not self.multiple:
            return [(batch, 3, self.side, self.side) for batch in (1, 3)]
        least = _least(self.side, self.multiple)
        return [(1, 3, least, least), (3, 3, least, least + self.multiple), (2, 3, least + 3 * self.multiple, least)]

    def sizes(self) -> str:
        """Return the sizes of the LR images that the graph takes, in words."""
        if not self.multiple:
            return f"{self.side} x {self.side}"
        least = _least(self.side, self.multiple)
        return f"sides from {least} on" + (f", multiples of {self.multiple}" if self.multiple > 1 else "")


class _FromLR(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, lr: Tensor) -> Tensor:
        return self.model(lr).sr


def trace(model: nn.Module) -> Iterator[Traced]:
    """Yield traces of a model's folded form, lr (B,3,h,w) -> sr (B,3,sh,sw), not clamped: those for most sizes first.

    model: on the CPU. A trace may still refuse some of the sizes that it was made for; the last is for one size only.
    Raises PriorsrError for a model that requires a prior, BackendError at the end for one that torch.export does not
    see through.
    """
    taken = ModelInput.of(model)
    network = _FromLR(fold(copy.deepcopy(model).eval())[0]).requires_grad_(False)
    for multiple in (*(taken.multiple * factor for factor in FACTORS), 0):
        try:
            program = _exported(network, multiple, taken.side)
        except Exception as error:  # torch.export raises anything
            if not multiple:
                reason = str(error).strip().partition("\n")[0]
                raise BackendError(f"{type(model).__name__}: torch.export cannot trace it ({reason})") from error
        else:
            yield Traced(program, multiple, taken.side)


def _least(side: int, multiple: int) -> int:
    return multiple * math.ceil(side / multiple)


def _exported(network: nn.Module, multiple: int, side: int) -> ExportedProgram:
    axes = {0: Dim("batch", min=1)}
    rows = columns = side
    if multiple:
        rows = _least(side, multiple)
        columns = rows + multiple  # other than rows, or both would count as one
        axes |= {axis: multiple * Dim(name, min=rows // multiple) for axis, name in ((2, "rows"), (3, "columns"))}
    program = torch.export.export(network, (torch.rand(2, 3, rows, columns),), dynamic_shapes=(axes,))
    for node in program.graph.nodes:
        for key in _PATHS:  # which hold where this installation lies
            node.meta.pop(key, None)
    return program
