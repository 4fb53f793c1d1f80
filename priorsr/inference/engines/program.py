"""Programs, and what every engine offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

from priorsr.inference.form import Shaped

Program = Callable[[Sequence[Tensor]], Sequence[Tensor]]
"""Runs a form on tensors of the shapes that it was compiled for."""


class Compiled(NamedTuple):
    """A program. how: the verb of a report's sentence, "compiled", "loaded" or "quantised"."""

    program: Program
    how: str


class Engine(Protocol):
    """Compiles forms for one shape of input."""

    @property
    def name(self) -> str:
        """Return the engine's name, as `accelerate` takes it."""

    def compile(self, shaped: Shaped, tensors: Sequence[Tensor], say: Callable[[str], None]) -> Compiled:
        """Compile `shaped(*tensors)` for tensors of these shapes. Raises what the compiler raises.

        say: called with a sentence before anything that takes long.
        """
