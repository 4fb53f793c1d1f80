"""The kinds of component: the arguments, the result and the declarations of each.

A component is a class with `kind = "..."`; its constructor takes the keywords of its kind, and every other option has a
default. The checks in `priorsr.testing` test these contracts. A class may also declare
- `contract`: the version of the checks that it was written for (`priorsr.testing.CONTRACT` is today's);
- `waived`: checks that it need not pass, each with the reason;
- `local`: options that access local files or the network, see `priorsr.options`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol

from priorsr.errors import UnknownNameError, WrongKindError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

    from priorsr.containers import Prior, SROutput


class Fusion(Protocol):
    """A block that combines features with a prior's map: (features (B,C,H,W), map (B,P,h,w)) -> (B,C,H,W).

    The block resizes the map. `prior` names the map that it takes: "parsing", "heatmaps" or "any".
    """

    prior: str

    def __call__(self, features: Tensor, prior_map: Tensor) -> Tensor: ...


class Attention(Protocol):
    """A block that weighs features by gates made of them: (x (B,C,H,W), residual=None) -> attended x (+ residual)."""

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor: ...


class Retention(Protocol):
    """A block that reuses encoder features: (x (B,C,H,W), retained, finest first) -> (B,C,H,W) at x's scale."""

    def __call__(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor: ...


class Upsampler(Protocol):
    """A block that enlarges features: (B,Cin,H,W) -> (B,Cout,sH,sW)."""

    def __call__(self, x: Tensor) -> Tensor: ...


class Distillation(Protocol):
    """A loss between a student's tensors and a teacher's, which are detached: (student, teacher) -> a scalar.

    The loss is an nn.Module: its adapters are trained and checkpointed with the student, and never exported.
    For half precision it returns float32.
    """

    def __call__(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor: ...


class Estimator(Protocol):
    """A network that estimates a prior: (images (B,3,H,W) in [0, 1], state=None) -> (Prior, state).

    A recurrent estimator gets the state of the previous call.
    """

    def __call__(self, images: Tensor, state: Any = None) -> tuple[Prior, Any]: ...


class Model(Protocol):
    """A network that super-resolves faces: (lr (B,3,h,w), prior=None, *, ...) -> SROutput, not clamped.

    The constructor takes a `Config`: a frozen dataclass whose class variable `presets` holds named sets of its fields.
    `prior` is "none", "optional" or "required"; `scale` and `size_multiple` (sides of the LR image) are integers.
    """

    Config: type
    scale: int
    prior: str
    size_multiple: int

    def __call__(self, lr: Tensor, prior: Prior | None = None) -> SROutput: ...


class Teacher(Protocol):
    """A model whose features teach another one: with `with_features=True` it returns them in SROutput.features."""

    def __call__(self, lr: Tensor, prior: Prior | None = None, *, with_features: bool = False) -> SROutput: ...


class Recipe(Protocol):
    """The training of a system: `stages()` -> a list of `priorsr.training.Stage`. Constructed from its `Config`.

    `scale` and `reduction` (a kernel's name, see `priorsr.data.Reduction`) define its LR images.
    """

    Config: type
    scale: int
    reduction: str

    def stages(self) -> Sequence[Any]: ...


class Score(Protocol):
    """A score of faces: (sr, hr) of (B,3,H,W) in [0, 1] -> one number for each image, (B,). Never part of a protocol.

    `higher_is_better` is a bool. For half precision it returns float32. A score may also declare
    - `needs`: the further keywords of its call: "lr" (B,3,h,w), "reduction" (the `priorsr.metrics.Reduction`
      that made LR), "ids" (the faces' names), "shared" (a dict for this batch, in which scores store values for
      other scores; None if there is no other);
    - `networks`: all names of its networks, so that a record can flag one that also trained the model;
    - `bounds`: its least and greatest value, such as (0, math.inf), which its checks test;
    - `unit`: "dB", or "", the default;
    - `label`: its heading in tables, such as "ST-LPIPS"; by default derived from its name;
    - `level`: "set" for a score of a set as a whole, such as FID, which is a `SetScore`; "image" by default.
    """

    higher_is_better: bool

    def __call__(self, sr: Tensor, hr: Tensor) -> Tensor: ...


class SetScore(Protocol):
    """A score of a set as a whole: `start()` returns an accumulator, which takes the set batch by batch.

    `add(sr, hr)` takes (B,3,H,W) in [0, 1]; `value()` is the number; `warning()` a sentence on why it is unreliable,
    or None. The set's order and its batches make no difference beyond rounding, and no image is kept.
    """

    higher_is_better: bool
    level: str

    def start(self) -> Accumulator: ...


class Accumulator(Protocol):
    """The state of a `SetScore` after the batches so far."""

    def add(self, sr: Tensor, hr: Tensor) -> None: ...

    def value(self) -> float: ...

    def warning(self) -> str | None: ...


@dataclass(frozen=True)
class Kind:
    """A kind of component.

    keywords: what a skeleton passes to the constructor; every other option of a component has a default.
    facts: what a class must declare, beside `kind`, and the values that it may have (empty: any).
    attributes: what an instance must have, of these types.
    configured: whether the constructor takes one `Config` instead, with presets.
    """

    name: str
    contract: type
    keywords: tuple[str, ...] = ()
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, type] = field(default_factory=dict)
    configured: bool = False

    @property
    def group(self) -> str:
        """Return the entry-point group under which plugins offer components of this kind."""
        return f"priorsr.{self.name}"

    def violation(self, component: object) -> str | None:
        """Return the reason why `component` is not of this kind, as the end of a sentence; None if it is."""
        if not isinstance(component, type):
            return f"is a {type(component).__name__}, and a class was expected"
        if getattr(component, "kind", None) != self.name:
            return f"declares kind = {getattr(component, 'kind', None)!r}, and kind = {self.name!r} was expected"
        for fact, values in self.facts.items():
            if not hasattr(component, fact):
                return f"declares no {fact!r}; every {self.name} declares one"
            if values and getattr(component, fact) not in values:
                return f"declares {fact} = {getattr(component, fact)!r}, and one of {', '.join(values)} was expected"
        if self.configured and not is_dataclass(component.Config):  # type: ignore[attr-defined]  # a fact of these kinds
            return "declares a Config that is no dataclass"
        return None

    def violation_of_made(self, made: object) -> str | None:
        """Return the reason why an instance is not of this kind, as the end of a sentence; None if it is."""
        for name, wanted in self.attributes.items():
            if not hasattr(made, name):
                return f"has no attribute {name!r}; every {self.name} has one"
            if not isinstance(getattr(made, name), wanted):
                return f"has {name} = {getattr(made, name)!r}, and one of type {wanted.__name__} was expected"
        return None


def check_teaches(model: Callable[..., object], who: str) -> None:
    """Raise WrongKindError unless a model can be asked for features, as a `Teacher` and its student can."""
    called = getattr(model, "forward", model)
    parameters = signature(called).parameters.values()
    if not any(part.name == "with_features" or part.kind is part.VAR_KEYWORD for part in parameters):
        raise WrongKindError(f"{who} {type(model).__name__} takes no with_features, which distillation needs")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("fusion", Fusion, ("channels", "prior_channels"), {"prior": ("parsing", "heatmaps", "any")}),
        Kind("attention", Attention, ("channels",)),
        Kind("retention", Retention, ("channels", "target_channels")),
        Kind("upsampler", Upsampler, ("in_channels", "out_channels", "scale")),
        Kind("distillation", Distillation, ("student_channels", "teacher_channels")),
        Kind("estimator", Estimator),
        Kind("model", Model, facts={"Config": ()}, configured=True),
        Kind("recipe", Recipe, facts={"Config": ()}, attributes={"scale": int, "reduction": str}, configured=True),
        Kind("score", Score, facts={"higher_is_better": ()}),
    )
}


def get_kind(name: str) -> Kind:
    """Return the kind called `name`; raises UnknownNameError with the closest names."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownNameError(f"there is no kind {name!r}; {did_you_mean(name, KINDS)}") from None
