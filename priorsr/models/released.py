"""Released checkpoints of other projects, read without executing anything, and turned into ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from priorsr.errors import DataError, PriorsrError
from priorsr.models.weights import check_fit
from priorsr.registry import find, names

State = Mapping[str, Tensor]

# Where the weights lie in a checkpoint that wraps them, the likeliest first.
WRAPPERS = ("state_dict", "model_state_dict", "params_ema", "params", "netG", "generator", "model", "net")


@dataclass(frozen=True)
class ReleasedLayout:
    """A layout in which weights were released; the class of a model or an estimator lists its own as `released`.

    name: what to call it. matches: whether a state dict has this layout. convert: the config of our model, or the
    options of our estimator, and the state dict that it stands for; may raise any PriorsrError.
    """

    name: str
    matches: Callable[[State], bool]
    convert: Callable[[State], tuple[Any, dict[str, Tensor]]]


def convert_released(path: str | Path) -> tuple[nn.Module, str]:
    """Build our model or estimator from a released checkpoint (.pth): the module in eval mode, and the layout's name.

    Reads tensors only (weights_only=True); a file that would execute code is refused with DataError, as is one whose
    layout nothing installed knows, that a layout fails to convert, or whose tensors do not fit.
    """
    path = Path(path)
    state = read_released(path)
    known, broken = [], []
    offered = [(kind, name) for kind in ("model", "estimator") for name in names(kind)]
    for kind, name in offered:
        try:
            component = find(kind, name)
        except PriorsrError:
            broken.append(name)
            continue
        for layout in getattr(component, "released", ()):
            known.append(layout.name)
            converted = _converted(kind, component, layout, state, path)
            if converted is not None:
                module, weights = converted
                check_fit(module, weights, path)
                module.load_state_dict(weights)
                return module.eval(), layout.name
    first = ", ".join(sorted(state)[:3])
    unread = f" (the layouts of {', '.join(broken)} are unknown: see `priorsr doctor`)" if broken else ""
    raise DataError(
        f"{path}: holds {len(state)} tensors ({first}, ...); one of {', '.join(known) or 'no layout'} was expected"
        f"{unread}"
    )


def _converted(
    kind: str, component: Callable[..., nn.Module], layout: ReleasedLayout, state: State, path: Path
) -> tuple[nn.Module, dict[str, Tensor]] | None:
    """The module that a layout makes of a state dict, and its weights; None if the state dict has another layout."""
    try:
        if not layout.matches(state):
            return None
        described, weights = layout.convert(state)
        return component(described) if kind == "model" else component(**described), weights
    except PriorsrError:
        raise
    except Exception as error:  # a plugin's code, on a file that only resembles what it knows
        raise DataError(
            f"{path}: cannot be converted from the layout {layout.name!r} ({type(error).__name__}: {error})"
        ) from error


def read_released(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth by name, without a leading `module.`.

    Where mappings wrap them, one of the usual names (`WRAPPERS`) is followed first, else the only one with tensors.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; a released checkpoint (.pth) was expected")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise DataError(
            f"{path}: cannot be read as tensors and plain values alone, and is refused, since loading it could execute "
            "code"
        ) from None
    except Exception as error:  # torch.load raises anything on a broken file
        raise DataError(f"{path}: cannot be read as a PyTorch checkpoint ({type(error).__name__}: {error})") from error
    if not isinstance(found, Mapping):
        raise DataError(f"{path}: holds a {type(found).__name__}; a state dict was expected")
    while groups := {key: value for key, value in found.items() if _holds_tensors(value)}:
        usual = [key for key in WRAPPERS if key in groups]
        if not usual and len(groups) > 1:
            raise DataError(
                f"{path}: holds {len(groups)} groups of weights ({', '.join(map(str, groups))}); "
                "the state dict of one network was expected"
            )
        found = groups[usual[0] if usual else next(iter(groups))]
    state = {str(key).removeprefix("module."): value for key, value in found.items() if isinstance(value, Tensor)}
    if not state:
        raise DataError(f"{path}: holds no tensors; a state dict was expected")
    return state


def _holds_tensors(value: object) -> bool:
    """Whether a value is a mapping with tensors in it, at any depth."""
    return isinstance(value, Mapping) and any(
        isinstance(inner, Tensor) or _holds_tensors(inner) for inner in value.values()
    )
