"""A module's syntax tree without docstrings, comments, texts of errors, positions and import lines."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_PROSE = ("ctx", "kind", "type_comment", "type_ignores")  # fields of nodes without effect on results


class Imported(NamedTuple):
    """The target of an import: `name` of `module`, or the module itself where `name` is None."""

    module: str
    name: str | None


@dataclass(frozen=True)
class Statement:
    """A statement of a module, or several that must keep their order: the hash of its tree, and the names in it."""

    digest: str
    names: frozenset[str]


@dataclass(frozen=True)
class Tree:
    """A module: its statements, the statement that binds each name, and the possible targets of each imported name.

    stars: modules from which all names are imported. digest: the hash of all statements.
    """

    statements: tuple[Statement, ...]
    bindings: Mapping[str, Statement] = field(default_factory=dict)
    imports: Mapping[str, tuple[Imported, ...]] = field(default_factory=dict)
    stars: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return the hash of its statements, in any order."""
        return sha256(*sorted(statement.digest for statement in self.statements))


def read_tree(path: Path, package: str) -> Tree:
    """Read a module's file; its relative imports start from `package`.

    A file that is no Python, such as an extension module, becomes one statement, the hash of its bytes.
    """
    found = path.stat()
    return _read_tree(path, package, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4096)
def _read_tree(path: Path, package: str, *_: int) -> Tree:
    content = path.read_bytes()
    try:
        return _tree(parse(content), package)
    except (SyntaxError, ValueError, RecursionError):
        return Tree((Statement(hashlib.sha256(content).hexdigest(), frozenset()),))


def _tree(body: Iterable[ast.stmt], package: str) -> Tree:
    kept = [part for part in body if not _is_prose(part) and not _is_dunder(part)]
    imports, stars = _imports(kept, package)
    kept = [part for part in kept if not isinstance(part, _IMPORTS)]
    bound = {part: _bound(part) for part in kept}
    times = Counter(name for names in bound.values() for name in names)
    movable = [part for part in kept if _defines(part) and all(times[name] == 1 for name in bound[part])]
    ordered = [part for part in kept if part not in movable]
    groups = [[part] for part in movable] + ([ordered] if ordered else [])
    bindings: dict[str, Statement] = {}
    statements = []
    for group in groups:
        statement = Statement(tree_digest(group), frozenset(_names(group)))
        statements.append(statement)
        bindings.update((name, statement) for part in group for name in bound[part])
    return Tree(tuple(statements), bindings, imports, stars)


def parse(source: str | bytes) -> list[ast.stmt]:
    """Return the statements of a source, without the arguments of errors that it raises.

    Raises SyntaxError, ValueError and RecursionError as `ast.parse`.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
    return tree.body


def tree_digest(nodes: Iterable[ast.AST]) -> str:
    """Return the hash of syntax trees without prose, the same under every version of Python."""
    return sha256(repr([_plain(node) for node in nodes]))


def sha256(*texts: str) -> str:
    """Return the SHA-256 of texts, one after the other, in hex."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode(errors="surrogatepass") + b"\0")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Return a node as names and values, without empty fields, in which versions of Python differ."""
    if isinstance(value, ast.Constant):
        return type(value.value).__name__, repr(value.value)
    if isinstance(value, ast.AST):
        parts = ((name, _plain(getattr(value, name, None))) for name in value._fields if name not in _PROSE)
        return type(value).__name__, [(name, part) for name, part in parts if part is not None and part != []]
    if isinstance(value, list):
        return [_plain(part) for part in value if not isinstance(part, _IMPORTS) and not _is_prose(part)]
    return value


def _is_prose(node: Any) -> bool:
    """Return whether a statement computes nothing: a docstring, `pass`, an import for type checkers."""
    if isinstance(node, ast.If):
        test = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
        return test == "TYPE_CHECKING" and not node.orelse
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return text or isinstance(node, ast.Pass)


def _is_dunder(node: ast.AST) -> bool:
    """Return whether a statement sets `__all__`, `__version__` or the like."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return all(isinstance(t, ast.Name) and t.id.startswith("__") and t.id.endswith("__") for t in targets)


def _defines(node: ast.stmt) -> bool:
    """Return whether a statement only defines names, so that its position does not matter."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name)
    return isinstance(node, _DEFINITIONS)


def _bound(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement binds, also those bound by statements inside it."""
    if _defines(node):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        return frozenset(str(getattr(target, "id", None) or getattr(target, "name", "")) for target in targets)
    inside = list(ast.walk(node))
    stored = {part.id for part in inside if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    return frozenset(stored | {part.name for part in inside if isinstance(part, _DEFINITIONS)})


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _imports(body: Iterable[ast.AST], package: str) -> tuple[dict[str, tuple[Imported, ...]], tuple[str, ...]]:
    """Return the imports anywhere in a module, also inside functions, by the name that they bind."""
    found: dict[str, list[Imported]] = {}
    stars = []
    for node in _walk(body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], []).append(Imported(alias.name, None))
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            for alias in node.names:
                if alias.name == "*":
                    stars.append(module)
                else:
                    found.setdefault(alias.asname or alias.name, []).append(Imported(module, alias.name))
    return {name: tuple(targets) for name, targets in found.items()}, tuple(stars)


def _walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        if not _is_prose(node):
            yield node
            yield from _walk(ast.iter_child_nodes(node))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])
