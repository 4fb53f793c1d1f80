"""Find one network's weights in an object that `torch.save` wrote: a state dict, a checkpoint or a module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from priorsr.errors import DataError
from priorsr.reading.pth.formats import opened
from priorsr.reading.pth.machine import StandIn
from priorsr.reading.pth.stored import Stored, is_tensor

# The keys under which checkpoints hold weights, the likeliest first.
WRAPPERS = ("state_dict", "model_state_dict", "params_ema", "params", "netG", "generator", "model", "net")

_OPTIMISER = re.compile("optim|sched", re.IGNORECASE)  # keys beside the weights that hold other tensors

COUNTS = ("total_ops", "total_params")  # buffers that the profiler thop adds to every module

DEPTH = 100
MOST_MODULES = 10_000


def read_state_dict(path: Path, tell: Callable[[str], None] | None = None) -> dict[str, Tensor]:
    """Return the weights of a checkpoint (.pth) by name, on the CPU; nothing in the file is executed.

    In nested mappings or objects, the usual keys (`WRAPPERS`) are searched first, else the only entry with tensors. A
    module that was saved whole has the names of its state dict. All leading `module.` (DataParallel) and `_orig_mod.`
    (torch.compile) are removed from names, and a profiler's counts are left out.

    tell: called with a sentence on counts that are left out.

    Raises DataError naming a file that is no checkpoint, is broken, or holds no such weights.
    """
    with opened(path) as (found, stored):
        state = _tensors(_Search(path).network(found), stored, path)
    named = _short_names(state, path)
    counts = [name for name in named if name.rpartition(".")[2] in COUNTS]
    if counts and tell:
        tell(f"{path}: {len(counts)} counts that the profiler thop left in it, such as {counts[0]}, are left out")
    weights = {name: tensor for name, tensor in named.items() if name not in counts}
    if not weights:
        raise DataError(f"{path}: holds no tensors; a state dict was expected")
    return weights


class _Search:
    """A search for the tensors of one network in a checkpoint; each value is visited once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[int, bool] = {}
        self._modules = 0

    def network(self, found: Any) -> dict[str, Any]:
        """Return the stand-ins for the tensors of the network, by name."""
        for _ in range(DEPTH):
            if _is_module(found):
                return dict(self._of_module(found))
            entries = _entries(found)
            if entries is None:
                raise DataError(f"{self._path}: holds a {_kind(found)}; a state dict was expected")
            groups = {key: value for key, value in entries.items() if self._holds_tensors(value)}
            groups = {key: value for key, value in groups.items() if not _OPTIMISER.search(str(key))} or groups
            if not groups:
                return {str(key): value for key, value in entries.items() if is_tensor(value)}
            usual = [key for key in WRAPPERS if key in groups]
            if not usual and len(groups) > 1:
                raise DataError(
                    f"{self._path}: holds {len(groups)} groups of weights ({', '.join(map(str, groups)):.200}); "
                    "the state dict of one network was expected"
                )
            found = groups[usual[0] if usual else next(iter(groups))]
        raise DataError(f"{self._path}: is nested more than {DEPTH} deep")

    def _holds_tensors(self, value: Any, depth: int = 0) -> bool:
        """Return whether a value, itself no tensor, contains tensors at any depth."""
        if id(value) not in self._seen:
            self._seen[id(value)] = False  # of a value that contains itself
            if depth > DEPTH:
                raise DataError(f"{self._path}: is nested more than {DEPTH} deep")
            inside = (_entries(value) or {}).values()
            self._seen[id(value)] = any(is_tensor(part) or self._holds_tensors(part, depth + 1) for part in inside)
        return self._seen[id(value)]

    def _of_module(self, module: StandIn, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Return the tensors of a module as its state dict has them: its own, then those of the modules in it."""
        self._modules += 1  # repeated modules included, which could be exponentially many
        if depth > DEPTH or self._modules > MOST_MODULES:
            raise DataError(f"{self._path}: holds more than {MOST_MODULES:,} modules, or some {DEPTH} deep")
        attributes = _attributes(module)
        fleeting = _members(attributes.get("_non_persistent_buffers_set"))
        for kind, left_out in (("_parameters", ()), ("_buffers", fleeting)):
            for name, value in (_entries(attributes.get(kind)) or {}).items():
                if is_tensor(value) and name not in left_out:
                    yield f"{prefix}{name}", value
        for name, inner in (_entries(attributes.get("_modules")) or {}).items():
            if _is_module(inner):
                yield from self._of_module(inner, f"{prefix}{name}.", depth + 1)


def _entries(value: Any) -> Mapping[Any, Any] | None:
    """Return the entries of a mapping or an object by name; None for anything else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, StandIn) or is_tensor(value):
        return None
    # OrderedDict([[key, value], ...]) is how Python 2 pickled it.
    listed = value.args[0] if value.args and isinstance(value.args[0], list) else []
    pairs = [pair for pair in listed if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)]
    return {**_attributes(value), **dict(pairs), **dict(value.pairs)}


def _attributes(value: StandIn) -> Mapping[Any, Any]:
    """Return an object's attributes; the state of an object with __slots__ is a pair that begins with them."""
    state = value.state[0] if isinstance(value.state, tuple) and value.state else value.state
    return state if isinstance(state, dict) else {}


def _members(value: Any) -> list[Any]:
    """Return the members of a set, however it was pickled."""
    if not isinstance(value, StandIn):
        return []
    first = value.args[0] if value.args else None
    return [*value.items, *(first if isinstance(first, list) else ())]


def _is_module(value: Any) -> bool:
    return isinstance(value, StandIn) and {"_parameters", "_modules"} <= _attributes(value).keys()


def _tensors(named: Mapping[str, Any], stored: Stored, path: Path) -> dict[str, Tensor]:
    """Return the tensors that stand-ins describe; raises DataError naming the first that cannot be read."""
    state = {}
    for name, value in named.items():
        try:
            state[name] = stored.tensor(value)
        except ValueError as error:
            raise DataError(f"{path}: the tensor {name!r:.120} {error}") from error
    return state


def _short_names(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the tensors by their names without wrapper prefixes.

    Raises DataError for two tensors whose names are the same without prefixes.
    """
    short: dict[str, str] = {}
    for name in state:
        parts = [part for part in name.split(".") if part != "_orig_mod"]
        while len(parts) > 1 and parts[0] == "module":
            parts.pop(0)
        other = short.setdefault(".".join(parts), name)
        if other != name:
            raise DataError(f"{path}: holds {other!r:.80} and {name!r:.80}, which are one without their prefixes")
    return {name: state[longer] for name, longer in short.items()}


def _kind(value: Any) -> str:
    return value.name if isinstance(value, StandIn) else type(value).__name__
