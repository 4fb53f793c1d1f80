"""Forged weights, landmarks, submissions and pickles: what a damaged byte would not get past a hash."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from priorsr.models.weights import read, save_tensors
from tests.soak.mutants import damaged, json_text

TENSORS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "is NaN": lambda x: x.double() * float("nan"),
    "is infinite": lambda x: x.double() + float("inf"),
    "is complex": lambda x: x.to(torch.complex64),
    "is whole": lambda x: x.to(torch.int64) if x.is_floating_point() else x.double(),
    "is 1e300": lambda x: torch.full(x.shape, 1e300, dtype=torch.float64),
    "has another shape": lambda x: x[None],
    "is empty": lambda x: x.reshape(-1)[:0],
}
ARRAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "is 0-d": lambda x: x.reshape(-1)[0],
    "is cut": lambda x: x[:-1],
    "has one dimension more": lambda x: x[None],
    "is complex": lambda x: x.astype("complex64"),
    "is of objects": lambda x: x.astype("O"),
    "is of bytes": lambda x: x.astype("S"),
    "is 1e308": lambda x: x.astype("f8") * 0 + 1e308,
    "is NaN": lambda x: x.astype("f8") * float("nan"),
    "is empty": lambda x: x[:0],
    "repeats its first": lambda x: x[[0] * len(x)],
}


def weights_file(dice: random.Random, path: Path) -> str:
    """Change a .safetensors: its bytes, or its metadata or a tensor, with the hashes made right again."""
    if dice.random() < 0.4:
        return damaged(dice, path)
    described, tensors = read(path)
    described = {key: value for key, value in described.items() if not key.endswith("_hash")}
    if dice.random() < 0.4:
        name = dice.choice(sorted(tensors))
        how = dice.choice(list(TENSORS))
        tensors[name] = TENSORS[how](tensors[name])
        save_tensors(tensors, path, described)
        return f"the tensor {name} {how}"
    text, what = json_text(dice, json.dumps(described))
    try:
        save_tensors(tensors, path, json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError):  # what no JSON of ours holds is written as it is
        _write_metadata(path, text)
    return f"metadata: {what}"


def _write_metadata(path: Path, text: str) -> None:
    """Put a text in the place of the metadata, whatever it is."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = {"priorsr": text}
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + length :])


def landmarks_file(dice: random.Random, path: Path) -> str:
    """Change an .npz of landmarks: its bytes, or an array; a manifest beside it gets the new hash."""
    if dice.random() < 0.3:
        what = damaged(dice, path)
    else:
        arrays = dict(np.load(path))
        name, how = dice.choice(sorted(arrays)), dice.choice(list(ARRAYS))
        with np.errstate(all="ignore"):
            try:
                arrays[name] = ARRAYS[how](arrays[name])
            except (ValueError, TypeError):
                arrays[name] = np.array(0)
        np.savez(path, **arrays)
        what = f"{name} {how}"
    manifest = path.with_name("manifest.json")
    if manifest.exists():
        content = json.loads(manifest.read_text())
        content["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(content))
    return what


def submission(dice: random.Random, path: Path) -> str:
    """Change a member of a zip: JSON by a value, a picture by a pixel, others by bytes; its manifest is made true."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name, how = dice.choice(sorted(members)), dice.random()
    if how < 0.1:
        del members[name]
        what = "dropped"
    elif how < 0.2:
        odd = dice.choice(("../up.json", "/abs.json", "records/../x.json", "outputs/a", "a\x1b[2J", "weights.pth"))
        members[odd], what = members[name], f"again as {odd!r}"
    elif name.endswith(".json"):
        text, what = json_text(dice, members[name].decode())
        members[name] = text.encode("utf-8", "surrogateescape")
    elif name.endswith(".png") and how < 0.7:
        pixels = np.array(Image.open(io.BytesIO(members[name])))
        at = tuple(dice.randrange(length) for length in pixels.shape)
        pixels[at] ^= 1 << dice.randrange(8)
        members[name], what = _png(pixels), f"a bit at {at}"
    else:
        beside = path.with_name("member")
        beside.write_bytes(members[name])
        what = damaged(dice, beside)
        members[name] = beside.read_bytes()
        beside.unlink()
    if name != "manifest.json" and "manifest.json" in members:
        manifest = json.loads(members["manifest.json"])
        manifest["files"] = {
            member: hashlib.sha256(content).hexdigest()
            for member, content in members.items()
            if member != "manifest.json"
        }
        members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            file.writestr(member, content)
    return f"{name}: {what}"


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


EXECUTED = "executed"  # the file that a pickle makes if anything in it runs
_TOUCH = f"touch {EXECUTED}"
_PYTHON = f"open('{EXECUTED}', 'w')"


def hostile_pickle(dice: random.Random, path: Path) -> str:
    """Put a pickle that would run something in the place of a checkpoint, alone or inside of PyTorch's zip."""
    function, argument = dice.choice(CALLS)
    call: Any = _Call(function, argument)
    wrapped = dice.choice(
        (call, {"state_dict": {"w": torch.ones(2), "x": call}}, [call] * 3, {"args": {call: 1}}, (1, (call, {}))),
    ) if dice.random() < 0.8 else call  # fmt: skip
    data = _pickled(wrapped, dice.choice((0, 1, 2, 4, 5)))
    bomb = dice.choice(BOMBS)
    if dice.random() < 0.3:
        data = bomb[1]
    if dice.random() < 0.5:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("archive/data.pkl", data)
            file.writestr("archive/version", "3\n")
        return f"{function} in a zip"
    path.write_bytes(data)
    return f"{function}, {len(data)} bytes"


CALLS = (
    ("os.system", _TOUCH),
    ("posix.system", _TOUCH),
    ("subprocess.getoutput", _TOUCH),
    ("subprocess.Popen", ["touch", EXECUTED]),
    ("builtins.exec", _PYTHON),
    ("builtins.eval", _PYTHON),
    ("pathlib.Path.touch", EXECUTED),
    ("torch.load", EXECUTED),
    ("torch._utils._rebuild_tensor_v2", _PYTHON),
    ("torch.serialization.os.system", _TOUCH),
    ("numpy.load", EXECUTED),
    ("numpy._core.multiarray.scalar", _PYTHON),
    ("collections.OrderedDict", [[_PYTHON, 1]]),
    ("codeop.compile_command", _PYTHON),
    ("importlib.import_module", "antigravity"),
)
BOMBS = (
    ("deep", b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."),
    ("doubles", b"\x80\x02]q\x00" + b"".join(b"h\x00h\x00\x86q\x00" for _ in range(60)) + b"."),
    ("long", b"\x80\x02\x8b\xff\xff\xff\x7f" + b"\xff" * 100 + b"."),
    ("many bytes", b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"."),
    ("cut", b"\x80\x02}(X\x10\x00\x00\x00"),
    ("numbers", b"I" + b"9" * 200_000 + b"\n."),
    ("memo", b"\x80\x02Nr\xff\xff\xff\x7f."),
    ("itself", b"\x80\x02]q\x00h\x00a."),
)


class _Call:
    def __init__(self, function: str, argument: Any) -> None:
        self.function, self.argument = function, argument


def _pickled(value: Any, protocol: int) -> bytes:
    """Pickle a value in which calls are of functions by their names."""
    import pickle

    class Pickler(pickle._Pickler):  # the one in Python, whose saving can be replaced
        def save(self, thing: Any, save_persistent_id: bool = True) -> None:
            if isinstance(thing, _Call):
                module, _, name = thing.function.rpartition(".")
                self.write(f"c{module}\n{name}\n".encode())
                super().save((thing.argument,))
                self.write(b"R")
            else:
                super().save(thing)

    file = io.BytesIO()
    Pickler(file, protocol).dump(value)
    return file.getvalue()
