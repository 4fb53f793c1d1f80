"""Damaged and forged files, each drawn by a generator, so that a seed gives the same ones again."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEEP = "[" * 3_000 + "]" * 3_000
HOSTILE = (  # as JSON spells them, in place of any value
    *("null", "true", "-1", "0", "0.5", "1180591620717411303424", "1e308", "-1e308", "1e999", "NaN", "-Infinity"),
    *('""', '"x"', '"\\u001b[2J\\u009b31m\\u202e"', '"\\ud800"', '"[red]x[/red]"', '"../../etc/passwd"', '"hf://a/b"'),
    *("[]", "{}", "[[1]]", '{"part": 5, "options": {}}', DEEP, f'"{"a" * 100_000}"', f"[{'0,' * 20_000}0]"),
)
WHOLE = ("", "[]", "5", "null", '"x"', DEEP, '{"a":' * 3_000, "\ufeff{}", "{", "\x00", "{} {}")
TOML = (
    "nan",
    "inf",
    "-1",
    "0",
    "1e308",
    "1e-320",
    "1180591620717411303424",
    '"x"',
    "[]",
    "[[1]]",
    "true",
    "{}",
    "[" * 999,
)

Mutate = Callable[[random.Random, Path], str]
"""Changes a file, and returns what was done."""


def damaged(dice: random.Random, path: Path) -> str:
    """Change bytes of a file: flip, cut off, drop, repeat, or fill with zeros."""
    content = bytearray(path.read_bytes())
    size = len(content)
    at, length = dice.randrange(size), dice.choice((1, 4, 64, 512))
    how = dice.choice(("flip", "flip", "flip", "cut", "drop", "repeat", "zeros"))
    if how == "flip":
        content[at] ^= 1 << dice.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "drop":
        del content[at : at + length]
    elif how == "repeat":
        content[at:at] = content[at : at + length]
    else:
        content[at : at + length] = bytes(len(content[at : at + length]))
    path.write_bytes(content)
    return f"{how} {length if how in ('drop', 'repeat', 'zeros') else ''} at {at} of {size}"


def json_file(dice: random.Random, path: Path) -> str:
    """Change a JSON file: its bytes, one value, one key, or the whole."""
    if dice.random() < 0.2:
        return damaged(dice, path)
    text, what = json_text(dice, path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    return what


def json_text(dice: random.Random, text: str) -> tuple[str, str]:
    """Change a JSON text: put something hostile in place of a value, drop or repeat a key, or replace the whole."""
    if dice.random() < 0.1:
        whole = dice.choice(WHOLE)
        return whole, f"whole is {whole[:20]!r}"
    content = json.loads(text)
    places = list(_places(content))
    *place, key = dice.choice(places) if places else ("",)
    inside = content
    for part in place:
        inside = inside[part]
    where, how = ".".join(map(str, (*place, key))), dice.random()
    if how < 0.15 and isinstance(inside, dict):
        del inside[key]
        return json.dumps(content), f"{where} dropped"
    hostile, marker = dice.choice(HOSTILE), "here-is-the-hostile-value"
    again = how > 0.9 and isinstance(inside, dict)
    if again:
        inside["here-is-the-repeated-key"] = marker
    else:
        inside[key] = marker
    changed = json.dumps(content).replace("here-is-the-repeated-key", json.dumps(str(key))[1:-1])
    return changed.replace(f'"{marker}"', hostile), f"{where} is {hostile[:30]}{' too' if again else ''}"


def json_lines(dice: random.Random, path: Path) -> str:
    """Change a line of a file of JSON lines, or its bytes."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if dice.random() < 0.2:
        return damaged(dice, path)
    at = dice.randrange(len(lines))
    lines[at], what = json_text(dice, lines[at])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"line {at}: {what}"


def toml_file(dice: random.Random, path: Path) -> str:
    """Change a TOML file: a value, a line, or its bytes where that leaves it another text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = [at for at, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    at, how = dice.choice(keys), dice.random()
    if how < 0.2:
        what = f"{lines.pop(at)} dropped"
    elif how < 0.3:
        lines.insert(at, lines[at])
        what = f"{lines[at]} repeated"
    else:
        hostile = dice.choice(TOML)
        lines[at] = f"{lines[at].partition(' = ')[0]} = {hostile}"
        what = lines[at][:40]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return what


def weights_file(dice: random.Random, path: Path) -> str:
    """Change a .safetensors: its bytes, or its metadata or a tensor, with the hashes made right again."""
    import torch

    from priorsr.models.weights import read, save_tensors

    if dice.random() < 0.4:
        return damaged(dice, path)
    described, tensors = read(path)
    described = {key: value for key, value in described.items() if not key.endswith("_hash")}
    if dice.random() < 0.4:
        name = dice.choice(sorted(tensors))
        how, change = dice.choice(list(_TENSORS.items()))
        tensors[name] = change(tensors[name], torch)
        save_tensors(tensors, path, described)
        return f"the tensor {name} {how}"
    text, what = json_text(dice, json.dumps(described))
    try:
        save_tensors(tensors, path, json.loads(text))
    except (ValueError, TypeError, AttributeError):  # what no JSON of ours holds is written as it is
        _write_metadata(path, text)
    return f"metadata: {what}"


_TENSORS: dict[str, Callable[[Any, Any], Any]] = {
    "is NaN": lambda x, torch: torch.full_like(x, float("nan")) if x.is_floating_point() else x.double() * float("nan"),
    "is infinite": lambda x, torch: x.double() + float("inf"),
    "is complex": lambda x, torch: x.to(torch.complex64),
    "is whole": lambda x, torch: x.to(torch.int64) if x.is_floating_point() else x.double(),
    "is 1e300": lambda x, torch: torch.full(x.shape, 1e300, dtype=torch.float64),
    "has another shape": lambda x, torch: x[None],
    "is empty": lambda x, torch: x.reshape(-1)[:0],
}


def _write_metadata(path: Path, text: str) -> None:
    """Put a text in the place of the metadata, whatever it is."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = {"priorsr": text}
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + length :])


def landmarks_file(dice: random.Random, path: Path) -> str:
    """Change an .npz of landmarks: its bytes, or an array, and say its new hash in the manifest."""
    import hashlib

    import numpy as np

    if dice.random() < 0.3:
        what = damaged(dice, path)
    else:
        arrays = dict(np.load(path))
        name = dice.choice(sorted(arrays))
        how, change = dice.choice(list(_ARRAYS.items()))
        with np.errstate(all="ignore"):
            try:
                arrays[name] = change(arrays[name])
            except (ValueError, TypeError):
                arrays[name] = np.array(0)
        np.savez(path, **arrays)
        what = f"{name} {how}"
    manifest = path.with_name("manifest.json")
    content = json.loads(manifest.read_text())
    content["files"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content))
    return what


_ARRAYS: dict[str, Callable[[Any], Any]] = {
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


def _places(content: Any, place: tuple[Any, ...] = ()) -> Any:
    """The place of every value in a JSON content."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*place, key)
        yield from _places(value, (*place, key))
