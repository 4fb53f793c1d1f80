"""Read tensors that a pickle describes as parts of storages, whose bounds are checked first."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from priorsr.reading.pth.machine import DottedName, StandIn

MOST_DIMENSIONS = 16
MOST_ELEMENTS = 2**40

Bytes = Callable[[Any], bytearray]
"""The bytes of the storage of a key, as the file holds them; raises ValueError if it has none."""

_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexDoubleStorage": torch.complex128,
    "ComplexFloatStorage": torch.complex64,
}
_DENSE = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_WRAPPERS = {  # functions whose first argument is a tensor
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "torch.autograd.variable.Variable",
}
_OF_TYPE = (
    "torch._utils._rebuild_from_type",
    "torch._tensor._rebuild_from_type",
    "torch._tensor._rebuild_from_type_v2",
)
_OTHER = re.compile(r"torch\._utils\._rebuild_\w+|torch\._tensor\._rebuild_\w+")
_ARRAY = re.compile(r"numpy\.(core|_core)\.multiarray\._reconstruct")
_PLAIN_ARRAY = re.compile(r"[fiu][1248]|b1")


@dataclass(frozen=True)
class Storage:
    """A part of the memory that a file holds outside its pickle: `count` elements from `first` of storage `key`."""

    key: Any
    dtype: torch.dtype
    total: int
    first: int
    count: int

    @staticmethod
    def named(persistent: Any) -> Any:
        """Return the storage, or the class, that a pickle's persistent id names; raises ValueError for another id."""
        kind, *rest = persistent if isinstance(persistent, tuple) and persistent else (None,)
        kind = kind.decode("latin1") if isinstance(kind, bytes) else kind
        if kind == "module" and rest:  # a class with its source, which is ignored
            return rest[0]
        if kind != "storage" or len(rest) not in (4, 5) or not isinstance(rest[0], DottedName):
            raise ValueError(f"holds a pickle that names {persistent!r:.80}; a storage was expected")
        named, key, _, total, *views = rest
        dtype = _DTYPES.get(named.name.rpartition(".")[2])
        if dtype is None or not isinstance(key, str | int):
            raise ValueError(f"holds the storage {key!r:.40}, a {named.name:.80}; one of plain numbers was expected")
        first, count = (0, total) if not views or views[0] is None else views[0][1:]
        if not all(_is_count(number) for number in (total, first, count)) or first + count > total:
            raise ValueError(
                f"holds the storage {key!r:.40} of {total!r:.40} elements, {count!r:.40} of them from {first!r:.40}"
            )
        return Storage(key, dtype, total, first, count)


def is_tensor(value: Any) -> bool:
    """Return whether a value is a pickle's description of a tensor or an array, of any kind."""
    value = _unwrapped(value)
    return isinstance(value, StandIn) and (_OTHER.fullmatch(value.name) or _ARRAY.fullmatch(value.name)) is not None


class Stored:
    """The tensors of a file of `size` bytes, whose storages `read` returns; tensors of one storage share its memory."""

    def __init__(self, read: Bytes, size: int) -> None:
        self._read = read
        self._left = size  # the most that a file's storages can hold together without overlaps
        self._shared = 4 * size  # tensors that share a storage are copied one by one later
        self._storages: dict[Any, Tensor] = {}

    def tensor(self, value: Any) -> Tensor:
        """Return the tensor that a value describes (see `is_tensor`), on the CPU, contiguous or not.

        Raises ValueError, as the end of a sentence, for a tensor that is not dense or exceeds its storage.
        """
        value = _unwrapped(value)
        if _ARRAY.fullmatch(value.name):
            return _array(value)
        name, args = value.name, value.args
        if name in _OF_TYPE and len(args) == 4 and isinstance(args[0], DottedName) and isinstance(args[2], tuple):
            name, args = args[0].name, args[2]
        if name not in _DENSE or len(args) < 4 or not isinstance(args[0], Storage):
            raise ValueError(f"is made by {name.rpartition('.')[2]:.80}; a dense tensor was expected")
        if len(args) > 6 and args[6]:
            raise ValueError(f"is stored conjugated or negated ({args[6]!r:.80}); a dense tensor was expected")
        storage, offset, size, stride = args[:4]
        _check_place(storage, offset, size, stride)
        self._shared -= math.prod(size) * storage.dtype.itemsize
        if self._shared < 0:
            raise ValueError("shares its storage with too many others: they are over four times as large as the file")
        if not storage.count or 0 in size:
            return torch.empty(size, dtype=storage.dtype)
        return self._storage(storage).as_strided(size, stride, storage.first + offset)

    def _storage(self, storage: Storage) -> Tensor:
        where = (storage.key, storage.dtype)
        if where not in self._storages:
            content = self._read(storage.key)
            if len(content) != storage.total * storage.dtype.itemsize:
                raise ValueError(
                    f"lies in a storage of {storage.total} {str(storage.dtype).removeprefix('torch.')}, "
                    f"of which the file has {len(content)} bytes"
                )
            self._left -= len(content)
            if self._left < 0:
                raise ValueError("lies in a storage that overlaps others in the file")
            as_bytes = storage.dtype == torch.bool  # its bytes may differ from 0 and 1
            found = torch.frombuffer(content, dtype=torch.uint8 if as_bytes else storage.dtype)
            self._storages[where] = found != 0 if as_bytes else found
        return self._storages[where]


def _unwrapped(value: Any) -> Any:
    while isinstance(value, StandIn) and value.name in _WRAPPERS and value.args:
        value = value.args[0]
    return value


def _check_place(storage: Storage, offset: Any, size: Any, stride: Any) -> None:
    """Raise ValueError unless the elements lie inside the storage, each at a different place."""
    if not (isinstance(size, tuple) and isinstance(stride, tuple) and len(size) == len(stride) <= MOST_DIMENSIONS):
        raise ValueError(f"has the size {size!r:.60} and the strides {stride!r:.60}")
    if not all(_is_count(number) for number in (offset, *size, *stride)):
        raise ValueError(f"has the offset {offset!r:.40}, size {size!r:.60} and strides {stride!r:.60}")
    if 0 in size:
        return
    last = offset
    for step, length in sorted(zip(stride, size, strict=True)):
        if length > 1 and step <= last - offset:
            raise ValueError(f"overlaps itself: it has the size {size} and the strides {stride}")
        last += step * (length - 1)
    if last >= storage.count:
        raise ValueError(f"reaches to element {last} of a storage of {storage.count}")


def _is_count(number: Any) -> bool:
    return type(number) is int and 0 <= number <= MOST_ELEMENTS


def _array(value: StandIn) -> Tensor:
    """Convert a NumPy array of plain numbers to a tensor."""
    state = value.state
    if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], StandIn)):
        raise ValueError("is a NumPy array that cannot be read")
    _, shape, described, fortran, content = state
    kind = described.args[0] if described.args else None
    order = described.state[1] if isinstance(described.state, tuple) and len(described.state) > 1 else None
    if not (isinstance(kind, str) and _PLAIN_ARRAY.fullmatch(kind) and order in ("<", "|")):
        raise ValueError(f"is a NumPy array of {kind!r:.40}; plain numbers were expected")
    if isinstance(content, StandIn) and content.name == "_codecs.encode" and isinstance(content.args[0], str):
        content = content.args[0].encode("latin1")
    if not (
        isinstance(content, bytes)
        and isinstance(shape, tuple)
        and len(shape) <= MOST_DIMENSIONS
        and all(map(_is_count, shape))
        and len(content) == math.prod(shape) * int(kind[1])
    ):
        raise ValueError(f"is a NumPy array of shape {shape!r:.60} that cannot be read")
    array = np.frombuffer(content, dtype=f"<{kind}" if order == "<" else kind)
    return torch.from_numpy(array.reshape(shape, order="F" if fortran else "C").copy())
