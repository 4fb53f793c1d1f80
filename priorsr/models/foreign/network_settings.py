"""The settings of a foreign network, which no config holds: what distinguishes two objects of one class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from torch import nn

from priorsr.files import sha256_json
from priorsr.plugins import OWN
from priorsr.sources.live import LiveSource, constant_text

_INTERNAL = frozenset(vars(nn.Module()))
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def settings_hash(network: nn.Module) -> str:
    """Return the hash of a network's structure and of the values and functions that its modules have as attributes.

    The structure is what `print(network)` shows. Tensors, which the weights' hash covers, and other objects are left
    out, and so is the module's mode.
    """
    found = [_ADDRESS.sub("", repr(network))]
    for name, module in network.named_modules():
        if type(module).__module__.partition(".")[0] not in ("torch", OWN):
            found += [f"{name}.{key}={text}" for key, text in _settings(module)]
    return sha256_json(found)


def _settings(module: nn.Module) -> Iterator[tuple[str, str]]:
    for key, value in sorted(vars(module).items()):
        text = None if key in _INTERNAL else _text(value)
        if text is not None:
            yield key, text


def _text(value: Any) -> str | None:
    """Return a value, or a function by its source, as text; None for anything else."""
    if isinstance(value, partial):
        parts = [_text(value.func), *map(_text, value.args), *map(_text, value.keywords.values())]
        return f"partial {parts} {list(value.keywords)}"
    if isinstance(value, FunctionType) and value.__module__.partition(".")[0] != "torch":
        return f"{value.__qualname__} {LiveSource(value, lambda _: None).digest}"
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType):
        return value.__qualname__
    return constant_text(value)
