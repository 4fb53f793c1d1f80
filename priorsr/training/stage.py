"""The parts of a recipe: stages, each with modules, optimisers and a step."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from priorsr.containers import Batch
from priorsr.errors import OptionError, did_you_mean
from priorsr.training.durations import Duration, Progress
from priorsr.training.schedules import Constant, Schedule

Loss = Tensor | Callable[[], Tensor]
"""A scalar, or a function that returns it and is called after the steps of the optimisers before it (for GANs)."""


class StepResult(NamedTuple):
    """The result of a step: a loss for each optimiser that takes a step, and further scalars to log, such as terms."""

    losses: Mapping[str, Loss]
    logs: Mapping[str, Tensor | float] = {}  # never written to


Step = Callable[[Mapping[str, nn.Module], Batch, Progress], Mapping[str, Loss] | StepResult]
"""One training step: (the stage's modules, a batch, progress) -> losses. Modules return float32, in any precision of
computing. An optimiser without a loss takes no step."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Optimiser:
    """Adam or AdamW over some of a stage's modules, as torch defines them.

    lr is multiplied by the schedule; clip limits the norm of all its gradients together.
    """

    modules: tuple[str, ...]
    kind: Literal["adam", "adamw"] = "adam"
    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Schedule = field(default_factory=Constant)
    clip: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.modules, tuple) and self.modules):
            raise OptionError(f"an optimiser's modules are {self.modules!r}; a tuple of names was expected")
        if self.kind not in ("adam", "adamw"):
            raise OptionError(f"an optimiser's kind is {self.kind!r}; 'adam' or 'adamw' was expected")
        for name, value in (("learning rate", self.lr), ("weight decay", self.weight_decay)):
            if not (math.isfinite(value) and value >= 0):
                raise OptionError(f"an optimiser's {name} is {value}; a finite number from 0 was expected")
        if not (len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)):
            raise OptionError(f"an optimiser's betas are {self.betas}; two numbers from 0 to below 1 were expected")
        if self.clip is not None and not self.clip > 0:
            raise OptionError(f"an optimiser's clip is {self.clip}; a number above 0, or None, was expected")

    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Return torch's optimiser, in its fused form where torch has one for the device."""
        cls = torch.optim.Adam if self.kind == "adam" else torch.optim.AdamW
        fused = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        return cls(parameters, lr=self.lr, betas=self.betas, weight_decay=self.weight_decay, fused=fused)


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a recipe; stages run one after the other. Raises OptionError for invalid fields when created.

    modules: all modules that the step uses, by name; they are checkpointed together.
    optimisers: the optimisers by name. Each module with parameters that is not frozen belongs to exactly one.
    step: the training step, see `Step`. The backward of a loss reaches only the parameters of its own optimiser.
    length: the length in steps or epochs, used if the run is given neither steps nor minutes.
    product: the name of the module that the stage trains for others to use; it is validated, sampled, averaged and
        saved. None if there is none.
    frozen: names of modules that are not trained; they run in eval mode, and their parameters get no gradient.
    share: the stage's share of the run's steps or minutes, relative to the shares of the other stages.
    starts_from: initial weights by module name: the name of an earlier stage (its module of the same name, averaged if
        that stage averages), or the path of a weights file.
    ema: decay of the moving average of the product's weights; the average is then validated and saved.
    batch_size: faces per step, over all processes.
    flip, quarter_turns, zoom: augmentation, see `priorsr.data.augmentation.Augmentation`.
    absent: terms of the published loss that are left out, each with the reason, for the weights' card.
    """

    name: str
    modules: Mapping[str, nn.Module]
    optimisers: Mapping[str, Optimiser]
    step: Step
    length: Duration
    product: str | None
    frozen: frozenset[str] = frozenset()
    share: float = 1.0
    starts_from: Mapping[str, str | Path] = field(default_factory=dict)
    ema: float | None = None
    batch_size: int = 8
    flip: bool = False
    quarter_turns: bool = False
    zoom: float = 1.0
    absent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (self.name, *self.modules, *self.optimisers):
            if not _NAME.fullmatch(name):
                raise OptionError(f"{self._who} uses the name {name!r}; letters, digits, '-' and '_' were expected")
        self._check_references()
        self._check_training()
        if self.length.unit == "fraction":
            raise OptionError(f"{self._who} has a length in fractions of itself; steps or epochs were expected")
        if not self.share > 0:
            raise OptionError(f"{self._who} has the share {self.share}; a number above 0 was expected")
        if self.ema is not None and not (0 <= self.ema < 1 and self.product):
            raise OptionError(
                f"{self._who} has ema = {self.ema} and product = {self.product!r}; 0 <= ema < 1 and a product were "
                "expected"
            )
        if self.batch_size < 1:
            raise OptionError(f"{self._who} has the batch size {self.batch_size}; 1 or more was expected")

    @property
    def _who(self) -> str:
        return f"the stage {self.name!r}"

    def _check_references(self) -> None:
        used = {
            "product": [self.product] if self.product else [],
            "frozen": self.frozen,
            "starts_from": self.starts_from,
            **{f"the optimiser {name!r}": optimiser.modules for name, optimiser in self.optimisers.items()},
        }
        for where, names in used.items():
            for name in names:
                if name not in self.modules:
                    raise OptionError(f"{self._who}: {where} names {name!r}; {did_you_mean(name, self.modules)}")

    def _check_training(self) -> None:
        trainers: dict[str, list[str]] = {name: [] for name in self.modules}
        for optimiser, settings in self.optimisers.items():
            for name in settings.modules:
                trainers[name].append(optimiser)
        for name, by in trainers.items():
            if name in self.frozen and by:
                raise OptionError(f"{self._who}: {name!r} is frozen, but the optimiser {by[0]!r} trains it")
            if len(by) > 1:
                raise OptionError(f"{self._who}: {name!r} is trained by the optimisers {by}; one was expected")
            learns = any(parameter.requires_grad for parameter in self.modules[name].parameters())
            if learns and not by and name not in self.frozen:
                raise OptionError(f"{self._who}: {name!r} is neither frozen nor trained by an optimiser")
        for optimiser, settings in self.optimisers.items():
            if not any(p.requires_grad for name in settings.modules for p in self.modules[name].parameters()):
                raise OptionError(f"{self._who}: the optimiser {optimiser!r} has no parameters to train")
