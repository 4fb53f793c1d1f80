"""Checkpoints to read, in the formats in which PyTorch saves and has saved."""

from __future__ import annotations

import pickle
import sys
import types
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

FORMATS = {"zip": True, "legacy": False}
SOURCE = """
from torch import nn

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("window", nn.Parameter().new_ones(3), persistent=False)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), Inner())
        self.conv = nn.Conv2d(4, 3, 1, bias=False)
        self.history, self.options = [0.5], {"lr": 1e-4}
"""


@contextmanager
def gone_module() -> Iterator[Any]:
    """A module of classes that cannot be imported once the block has ended."""
    module = types.ModuleType("gone_from_here")
    exec(SOURCE, module.__dict__)
    sys.modules[module.__name__] = module
    try:
        yield module
    finally:
        del sys.modules[module.__name__]


def save_module(path: Path, *, zipped: bool, wrap: Any = lambda net: net) -> dict[str, torch.Tensor]:
    """Save a whole module of such a class, wrapped; its state dict."""
    with gone_module() as gone:
        net = gone.Net()
        with warnings.catch_warnings():  # the old format misses the class's source
            warnings.simplefilter("ignore", UserWarning)
            torch.save(wrap(net), path, _use_new_zipfile_serialization=zipped)
        return nn.Module.state_dict(net)


def write_zip(path: Path, data: bytes, **storages: bytes) -> None:
    """Write a zip checkpoint of a pickle and storages, by key (`_0` is `0`)."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", data)
        for key, content in storages.items():
            file.writestr(f"archive/data/{key.removeprefix('_')}", content)


class Call:
    """Pickled, a call of a function by its name, which need not be importable."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.args


class Kept:
    """Pickled, a persistent id."""

    def __init__(self, *id_: Any) -> None:
        self.id = id_


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return value.id if isinstance(value, Kept) else None


def dumps(value: Any) -> bytes:
    """Pickle a value as torch does, with `Kept` ids."""
    from io import BytesIO

    file = BytesIO()
    _Pickler(file, 2).dump(value)
    return file.getvalue()


def tensor(
    size: Any,
    stride: Any,
    *,
    offset: Any = 0,
    count: Any = 6,
    kind: Any = torch.FloatStorage,
    key: Any = "0",
    view: Any = (),
) -> Call:
    """Pickled, a tensor of a storage of six floats, unless told otherwise."""
    storage = Kept("storage", kind, key, "cpu", count, *view)
    return Call(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, {})
