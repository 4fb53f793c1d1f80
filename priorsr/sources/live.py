"""The source of a class that no distribution offers: of a notebook, a script, or a test, as it is in memory."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import textwrap
import tokenize
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from priorsr.sources.closure import DistributionOf
from priorsr.sources.trees import sha256, tree_digest

_PLAIN = (int, float, complex, str, bytes, type(None))


class LiveSource:
    """The functions and classes that a class is made of, found by following names from its methods.

    Objects in the class's own module, or in a file of the same folder, are followed; `modules` are those of
    distributions that it uses.
    """

    def __init__(self, component: type, distribution_of: DistributionOf) -> None:
        self._distribution_of = distribution_of
        self._home = component.__module__
        self._folder = _folder(self._home)
        self._seen: set[int] = set()
        self._hashes: set[str] = set()
        self._modules: set[str] = set()
        self._follow(component)

    @property
    def digest(self) -> str:
        """Return the hash of it all, in any order."""
        return sha256(*sorted(self._hashes))

    @property
    def modules(self) -> list[str]:
        """Return the modules of distributions that it uses, sorted."""
        return sorted(self._modules)

    def _follow(self, found: Any, name: str = "") -> None:
        text = _constant(found)
        if text is not None:
            self._hashes.add(sha256(name, text))
            return
        module = found.__name__ if isinstance(found, ModuleType) else getattr(found, "__module__", None)
        if not isinstance(module, str) or id(found) in self._seen:
            return
        self._seen.add(id(found))
        if self._distribution_of(module) is not None:
            self._modules.add(module)
        elif not self._is_near(module):
            return
        elif isinstance(found, type):
            self._follow_class(found)
        elif isinstance(found, FunctionType):
            self._follow_function(found)

    def _follow_class(self, found: type) -> None:
        self._hashes.add(sha256(found.__name__, *(base.__name__ for base in found.__bases__)))
        for base in found.__mro__[1:]:
            self._follow(base)
        for name, value in vars(found).items():
            for part in _unwrapped(value):
                if not (name.startswith("__") and (_constant(part) is not None or _is_generated(found, part))):
                    self._follow(part, name)

    def _follow_function(self, found: FunctionType) -> None:
        self._hashes.add(_function_digest(found))
        for value in (*(found.__defaults__ or ()), *(found.__kwdefaults__ or {}).values()):
            self._follow(value, found.__name__)
        names = set(_names(found.__code__))
        used = {name: found.__globals__[name] for name in names & found.__globals__.keys()}
        for cell, name in zip(found.__closure__ or (), found.__code__.co_freevars, strict=True):
            try:
                used[name] = cell.cell_contents
            except ValueError:  # it is not filled yet
                continue
        for name, value in used.items():
            self._follow(value, name)
            if isinstance(value, ModuleType) and self._is_near(value.__name__):
                for attribute in names & vars(value).keys():
                    self._follow(vars(value)[attribute], attribute)

    def _is_near(self, module: str) -> bool:
        return module == self._home or (self._folder is not None and _folder(module) == self._folder)


def _folder(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).parent if file else None


def _unwrapped(value: Any) -> Iterator[Any]:
    """Return the functions of a method, property or the like; any other value is itself."""
    if isinstance(value, staticmethod | classmethod | MethodType):
        yield value.__func__
    elif isinstance(value, property):
        yield from (part for part in (value.fget, value.fset) if part)
    elif isinstance(value, cached_property):
        yield value.func
    else:
        yield inspect.unwrap(value) if callable(value) else value


def _is_generated(owner: type, value: Any) -> bool:
    """Return whether a dataclass wrote a method by itself; its fields' defaults are attributes."""
    code = getattr(value, "__code__", None)
    return dataclasses.is_dataclass(owner) and code is not None and code.co_filename == "<string>"


def _function_digest(found: FunctionType) -> str:
    """Return the hash of a function's syntax tree, or of its byte code where the source cannot be had."""
    try:
        return tree_digest(ast.parse(textwrap.dedent(inspect.getsource(found))).body)
    except (OSError, TypeError, SyntaxError, ValueError, tokenize.TokenError):  # at a prompt; within a line; of a page
        return sha256(*_byte_code(found.__code__))


def _byte_code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _byte_code(constant)
        else:
            yield _constant(constant) or type(constant).__name__


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _constant(value: Any) -> str | None:
    """Return a constant as text, containers of constants too; None for anything else."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, dict):
        parts = [part for pair in value.items() for part in map(_constant, pair)]
    elif isinstance(value, tuple | list | set | frozenset):
        parts = list(map(_constant, value))
    else:
        return None
    known = [part for part in parts if part is not None]
    ordered = sorted(known) if isinstance(value, set | frozenset) else known
    return repr((type(value).__name__, ordered)) if len(known) == len(parts) else None
