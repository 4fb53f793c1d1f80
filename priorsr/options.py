"""The options of components, and the local ones, which no file may set.

A component declares options that access local files or the network as `local`, with the value that each has if a file
builds it: `local = {"weights": "untrained", "fetch": False}`. A path is local without being declared.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from priorsr.errors import OptionError

_file: ContextVar[bool] = ContextVar("file", default=False)


def option_names(component: type) -> dict[str, inspect.Parameter]:
    """Return the named parameters of a component's constructor."""
    parameters = inspect.signature(component).parameters
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: parameter for name, parameter in parameters.items() if parameter.kind not in unnamed}


@contextmanager
def from_file() -> Iterator[None]:
    """Treat options as read from a file within the block, so that components are built as described at `taken`."""
    token = _file.set(True)
    try:
        yield
    finally:
        _file.reset(token)


def taken(component: type, options: Mapping[str, Any], who: str) -> Mapping[str, Any]:
    """Return the options to build a component with: those given; under `from_file`, local ones as it declares them.

    Raises OptionError for a local option to which a file gives another value.
    """
    if not _file.get():
        return options
    local, types = local_options(component), option_types(component)
    for option, value in options.items():
        if value != local[option] if option in local else "Path" in types.get(option, ""):
            raise OptionError(
                f"{who}: {option} is {value!r:.80}; it accesses local files or the network, so a file cannot set it"
            )
    return {**options, **local}


def local_options(component: type) -> Mapping[str, Any]:
    """Return the options that a component declares as local, and the value of each where a file builds it."""
    types = option_types(component)
    return {name: value for name, value in getattr(component, "local", {}).items() if name in types}


def without_local(component: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a file may keep."""
    return {name: value for name, value in options.items() if name not in local_options(component)}


def option_types(component: type) -> dict[str, str]:
    """Return a component's options, its config's fields or its constructor's, and their types as they are written."""
    config: Any = getattr(component, "Config", None)
    if dataclasses.is_dataclass(config):
        return {field.name: str(field.type) for field in dataclasses.fields(config)}
    return {name: str(parameter.annotation) for name, parameter in option_names(component).items()}
