"""Accelerated models: called as before, with a program for each shape of the input."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_leaves, tree_map_only, tree_structure, tree_unflatten

from priorsr.containers import Prior, SROutput
from priorsr.errors import BackendError, OptionError
from priorsr.inference.acceleration_report import AccelerationReport
from priorsr.inference.calls import Call, in_groups, tensors_of
from priorsr.inference.engines.program import Engine, Program
from priorsr.inference.form import Form, Shaped
from priorsr.models.weights import weights_hash
from priorsr.sources import Component


class Accelerated(nn.Module):
    """A faster form of a model with the same call, for inference only.

    It is called like the model, (lr, prior=None, keywords) -> SROutput in float32, without gradients. One that an
    engine runs makes a program when it is first called with tensors of other shapes, or with another value of a keyword
    that is no tensor, and reports it. Asking for features, or training, raises OptionError. Tensors must lie on the
    device that it was made for, else BackendError.

    scale, prior, size_multiple, config, card, made_by: the model's. original_class, weights_hash: of the model before
    it was folded. components: the model's own, and the code that made it faster. precision, report: what was done.

    engine: what compiles its programs; None to run eagerly. group: how many faces its programs are for, where there are
    programs for one number only; others are computed in groups of as many. must_compile: whether a shape that cannot
    be compiled raises BackendError, or is computed eagerly, with a line in the report. say: called with a sentence
    before anything that takes long.
    """

    kind = "model"
    accelerated = True

    def __init__(
        self,
        model: nn.Module,
        form: Form,
        report: AccelerationReport,
        components: Iterable[Component],
        *,
        engine: Engine | None,
        group: int | None,
        must_compile: bool,
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.original_class = type(model)
        self.weights_hash = weights_hash(model)
        self.components = tuple(components)
        self.config, self.card = getattr(model, "config", None), getattr(model, "card", {})
        self.made_by = getattr(model, "made_by", None)
        self.scale, self.prior, self.size_multiple = model.scale, model.prior, model.size_multiple
        self.precision, self.report = report.precision, report
        self.form = form
        self._device = next((tensor.device for tensor in model.state_dict().values()), None)
        self._signature = inspect.signature(model.forward)
        self._engine, self._group, self._must_compile, self._say = engine, group, must_compile, say
        self._programs: dict[Any, tuple[Program, TreeSpec] | None] = {}
        self.eval()

    @property
    def has_programs(self) -> bool:
        """Return whether any shape has been compiled yet."""
        return any(program is not None for program in self._programs.values())

    def train(self, mode: bool = True) -> Self:
        if mode:
            raise OptionError(f"an accelerated {self.original_class.__name__} cannot be trained; train the model")
        return super().train(False)

    def forward(self, lr: Tensor, prior: Prior | None = None, **options: Any) -> SROutput:
        self._check(lr, prior, options)
        call = tree_map_only(Tensor, Tensor.contiguous, ((lr, prior), options))
        with torch.no_grad():
            if self._group is not None and len(lr) != self._group:
                return in_groups(self._run, call, self._group)
            return self._run(call)

    def _run(self, call: Call) -> SROutput:
        args, options = call
        found = self._program(args, options) if self._engine is not None else None
        if found is None:
            result: SROutput = self.form(*args, **options)
            return result
        program, structure = found
        whole: SROutput = tree_unflatten(list(program(tensors_of(call))), structure)
        return whole

    def _check(self, lr: Tensor, prior: Prior | None, options: dict[str, Any]) -> None:
        who = f"an accelerated {self.original_class.__name__}"
        try:
            self._signature.bind(lr, prior, **options)
        except TypeError as error:
            raise OptionError(f"{who}: {error}") from None
        if options.get("with_features"):
            raise OptionError(f"{who} gives no features; ask the model itself")
        for tensor in tree_leaves((lr, prior, options)):
            if self._device is not None and isinstance(tensor, Tensor) and tensor.device != self._device:
                raise BackendError(f"{who} was made for {self._device}, and a tensor lies on {tensor.device}")

    def _program(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Program, TreeSpec] | None:
        """Return the program for this call, compiled if there is none yet; None where it cannot be compiled."""
        leaves, spec = tree_flatten((args, options))
        described = tuple((leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf for leaf in leaves)
        key = str(spec), described, torch.get_num_threads()
        if key not in self._programs:
            self._programs[key] = self._compile(args, options)
        return self._programs[key]

    def _compile(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Program, TreeSpec] | None:
        tensors = tensors_of((args, options))
        shapes = ", ".join(" x ".join(map(str, tensor.shape)) for tensor in tensors)
        began = time.perf_counter()
        shaped = Shaped(self.form, (args, options))
        assert self._engine is not None
        try:
            program, how = self._engine.compile(shaped, tensors, lambda text: self._say(f"{shapes}: {text}"))
        except Exception as error:  # tracing and compiling raise anything
            reason = f"compiling for {shapes}: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            if self._must_compile:
                raise BackendError(f"{self.original_class.__name__} could not be compiled; {reason}") from error
            self._note(began, refused=f"{reason}; computed eagerly")
            return None
        self._note(began, done=f"{how} the program for {shapes}")
        return program, tree_structure(shaped.result(tensors))

    def _note(self, began: float, *, done: str = "", refused: str = "") -> None:
        """Add a sentence and the seconds since `began` to the report, and pass the sentence on to `say`."""
        seconds = time.perf_counter() - began
        sentence = f"{done or refused} ({seconds:.1f} s)"
        self._say(sentence if done else f"refused: {sentence}")
        self.report = replace(
            self.report,
            done=(*self.report.done, *([sentence] if done else [])),
            refused=(*self.report.refused, *([sentence] if refused else [])),
            seconds=self.report.seconds + seconds,
        )
