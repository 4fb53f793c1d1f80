"""The import closure of modules, within the distributions whose code is hashed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from priorsr.sources.trees import Imported, Statement, Tree, read_tree, sha256

_FORMER = {"priorsr.containers": "priorsr.types"}  # old names of renamed core modules, which hashes keep

DistributionOf = Callable[[str], str | None]
"""The distribution of a module, by its dotted name; None for a module whose code does not count."""


class _Definition(NamedTuple):
    """The target of a name: the modules that pass it on, and its hash, or its name in another distribution."""

    modules: tuple[str, ...]
    digest: str


class Closure:
    """The hashed modules among those given and all that they import, and the hashes of their statements.

    A name that a package's `__init__` only re-exports is followed to the module that defines it, so the package's other
    re-exports are not included. All other imported modules are included whole.
    """

    def __init__(self, modules: Iterable[str], distribution_of: DistributionOf) -> None:
        self._distribution_of = distribution_of
        self._whole: dict[str, Tree] = {}
        self._passing_on: dict[str, Tree] = {}
        todo = list(modules)
        while todo:
            module = todo.pop()
            tree = self._tree(module)
            if tree is None or module in self._whole:
                continue
            self._whole[module] = tree
            todo.extend(tree.stars)
            for imported in (each for targets in tree.imports.values() for each in targets):
                todo.extend(name for found in self._resolved(imported) for name in found.modules)

    @property
    def modules(self) -> list[str]:
        """Return the dotted names of the modules that are included whole, sorted."""
        return sorted(self._whole)

    def statements(self) -> dict[str, set[str]]:
        """Return the hashes of all statements by distribution; places of modules and statements do not matter."""
        found: dict[str, set[str]] = {}
        for module, tree in (self._passing_on | self._whole).items():
            hashes = found.setdefault(self._distribution_of(module) or "", set())
            hashes.update(self._hash(statement, tree) for statement in tree.statements)
        return found

    def hash_of(self, module: str, name: str) -> str | None:
        """Return the hash of the statement that binds a name in a module, or None without such a statement."""
        tree = self._whole.get(module)
        statement = tree.bindings.get(name) if tree else None
        return self._hash(statement, tree) if tree and statement else None

    def _hash(self, statement: Statement, tree: Tree) -> str:
        """Hash a statement together with the definitions of the names in it."""
        known = sorted(statement.names & (tree.bindings.keys() | tree.imports.keys()))
        return sha256(statement.digest, *(part for name in known for part in (name, *self._meaning(name, tree))))

    def _meaning(self, name: str, tree: Tree) -> list[str]:
        bound = [tree.bindings[name].digest] if name in tree.bindings else []
        return bound + sorted(found.digest for each in tree.imports.get(name, ()) for found in self._resolved(each))

    def _resolved(self, imported: Imported, passed: tuple[Imported, ...] = ()) -> Iterator[_Definition]:
        """Find the definition that an import leads to; `passed` holds the imports on the way, which may be circular."""
        module, name = imported
        tree, dotted = self._tree(module), f"{module}.{name}" if name else module
        inside = self._tree(dotted) if name else tree
        if imported in passed:  # a circle: the name can only mean a module
            if inside:
                yield _Definition((dotted,), inside.digest)
            return
        if tree and name and name in tree.bindings:
            yield _Definition((module,), tree.bindings[name].digest)
        elif tree and name and name in tree.imports:
            for further in tree.imports[name]:
                for found in self._resolved(further, (*passed, imported)):
                    yield _Definition((*self._on_the_way(module, tree), *found.modules), found.digest)
        elif inside:
            yield _Definition((dotted,), inside.digest)
        elif tree:  # made when the module runs, or imported by a star from elsewhere
            yield _Definition((module,), str(name))
        else:
            former = _FORMER.get(module, module)
            yield _Definition((), f"{former}.{name}" if name else former)

    def _on_the_way(self, module: str, tree: Tree) -> tuple[str, ...]:
        """Record a package that re-exports a name; a plain module that does so is included whole."""
        if not _is_package(module):
            return (module,)
        self._passing_on[module] = tree
        return ()

    def _tree(self, module: str) -> Tree | None:
        """Return the syntax tree of a module that is hashed and has a file."""
        path = _file(module) if self._distribution_of(module) is not None else None
        return read_tree(path, module if _is_package(module) else module.rpartition(".")[0]) if path else None


def _is_package(module: str) -> bool:
    path = _file(module)
    return path is not None and path.stem == "__init__"


def _file(module: str) -> Path | None:
    """Return the file of a module without importing it; None without a file."""
    top, *rest = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):  # __main__, or a module made by hand
        return None
    if spec is None or not rest:
        return Path(spec.origin) if spec and spec.origin and Path(spec.origin).is_file() else None
    for place in spec.submodule_search_locations or ():
        base = Path(place).joinpath(*rest)
        choices = (base / "__init__.py", *(base.with_name(base.name + end) for end in (".py", *EXTENSION_SUFFIXES)))
        for path in choices:
            if path.is_file():
                return path
    return None
