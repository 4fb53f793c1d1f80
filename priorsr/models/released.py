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


@dataclass(frozen=True)
class ReleasedLayout:
    """A layout in which a model's weights were released; a model class lists its own as `released`.

    name: what to call it. matches: whether a state dict has this layout. convert: the config and the state dict of our
    model that it stands for; may raise any PriorsrError.
    """

    name: str
    matches: Callable[[State], bool]
    convert: Callable[[State], tuple[Any, dict[str, Tensor]]]


def convert_released(path: str | Path) -> tuple[nn.Module, str]:
    """Build our model from a released checkpoint (.pth): the model in eval mode, and the layout's name.

    Reads tensors only (weights_only=True); a file that would execute code is refused with DataError, as is one whose
    layout no installed model knows, or whose tensors do not fit it.
    """
    path = Path(path)
    state = read_released(path)
    known = []
    for name in names("model"):
        try:
            component = find("model", name)
        except PriorsrError:
            continue  # a broken or doubtful plugin is told by `priorsr doctor`, and has no layout to offer
        for layout in getattr(component, "released", ()):
            known.append(layout.name)
            if layout.matches(state):
                config, converted = layout.convert(state)
                model: nn.Module = component(config)
                check_fit(model, converted, path)
                model.load_state_dict(converted)
                return model.eval(), layout.name
    first = ", ".join(sorted(state)[:3])
    raise DataError(
        f"{path}: holds {len(state)} tensors ({first}, ...); one of {', '.join(known) or 'no layout'} was expected"
    )


def read_released(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth by name, out of any mapping that wraps them, without a leading `module.`."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; a released checkpoint (.pth) was expected")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise DataError(
            f"{path}: holds more than tensors and plain values, and is refused, since loading it could execute code"
        ) from None
    except Exception as error:  # torch.load raises anything on a broken file
        raise DataError(f"{path}: cannot be read as a PyTorch checkpoint ({type(error).__name__}: {error})") from error
    while isinstance(found, Mapping) and not any(isinstance(value, Tensor) for value in found.values()):
        inner = [value for value in found.values() if isinstance(value, Mapping) and value]
        if len(inner) != 1:
            raise DataError(f"{path}: holds {len(inner)} groups of weights; the state dict of one network was expected")
        found = inner[0]
    if not isinstance(found, Mapping):
        raise DataError(f"{path}: holds a {type(found).__name__}; a state dict was expected")
    return {str(key).removeprefix("module."): value for key, value in found.items() if isinstance(value, Tensor)}
