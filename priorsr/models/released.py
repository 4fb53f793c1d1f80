"""Read released checkpoints of other projects without executing anything, and convert them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from priorsr.errors import DataError, PriorsrError
from priorsr.reading.fitting import built_for, load_fitting, with_counts
from priorsr.reading.pth.state_dicts import read_state_dict
from priorsr.registry import find, names

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class ReleasedLayout:
    """A layout of released weights; the class of a model or an estimator lists its layouts as `released`.

    name: the layout's name. matches: returns whether a state dict has this layout. convert: returns the config of our
    model, or the options of our estimator, and the converted state dict; may raise any PriorsrError.
    """

    name: str
    matches: Callable[[State], bool]
    convert: Callable[[State], tuple[Any, dict[str, Tensor]]]


def convert_released(path: str | Path, *, tell: Callable[[str], None] | None = None) -> tuple[nn.Module, str]:
    """Build our model or estimator from a released checkpoint (.pth): the module in eval mode, and the layout's name.

    tell: called with a sentence about entries of the file that are left out. Nothing in the file is executed, see
    `priorsr.reading.pth`. Raises DataError for a file that is no checkpoint, is broken, has a layout unknown to all
    installed components, cannot be converted, or has tensors that do not fit.
    """
    path = Path(path)
    state = read_state_dict(path, tell)
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
                load_fitting(module, with_counts(module, weights), path)
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
    """Return the module of a layout and its weights from a state dict; None if the state dict has another layout."""
    try:
        if not layout.matches(state):
            return None
        described, weights = layout.convert(state)
        with built_for(weights, path):
            return component(described) if kind == "model" else component(**described), weights
    except PriorsrError as error:
        raise DataError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    except Exception as error:  # a plugin's code, on a file that only resembles its layout
        raise DataError(
            f"{path}: cannot be converted from the layout {layout.name!r} ({type(error).__name__}: {error})"
        ) from error
