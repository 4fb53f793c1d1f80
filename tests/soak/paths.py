"""Odd paths for every argument and option that takes one: each is refused in one sentence that names it, or used."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.soak.processes import Outcome, run
from tests.soak.world import copy_of, make_world

SECONDS = 120  # after which a command hangs, also on a machine that is busy
# read: a file or folder that is read; make: a folder that is made; write: a file. check, keep: as read and make, but
# what serves is not tried, since the command then takes long, or ends elsewhere.
COMMANDS = r"""
--plugins read:plugin.py list
demo --steps 3 --data check:faces --out keep:out
train toy-gan --steps 2 --data read:small --out make:out
train toy-gan --steps 2 --data small --out make:out --resume
upscale read:faces/images --model bicubic --out make:out
upscale read:photograph.png --model read:model.safetensors --out make:out --compare
upscale photograph.png --model read:run --out out
upscale photograph.png --photo --model model.safetensors --boxes read:boxes.json --out out
export read:model.safetensors write:out.onnx
data priors read:faces make:out --estimator read:net.safetensors
data synth make:out --count 2
data shard read:faces make:out
data doctor read:faces --lr read:lr
data import folder read:photographs make:out
data import celebamask-hq read:celebamask make:out --size 16
data import celeba read:celeba make:out --crop box --size 32
data import celeba celeba out --crop box --size 32 --split dic --split-file read:celeba.txt
data import celeba celeba out --crop dic --landmarks read:landmarks.npz
data import helen read:helen make:out --size 32
data import helen helen out --size 32 --split dic --split-file read:helen.txt
bench run --data read:faces --split val --protocol read:mine@1.toml --model read:model.safetensors \
  --out make:out
bench run --data faces --split val --protocol dic@1 --out out --model read:run
bench run --data faces --split val --protocol dic@1 --out out --model read:plugin.py:Doubled
bench run --data faces --split val --protocol dic@1 --out out --model read:model.onnx
bench ablate toy-gan --data check:small --split val --out keep:out --vary generator.width=2,3 --steps 2 \
  --protocol read:mine@1.toml
bench priors read:teacher.safetensors --data read:faces --split val --out make:out \
  --protocol read:mine@1.toml --estimator read:net.safetensors
bench site read:results --out make:out
bench compare read:record.json bicubic --results results
bench compare bicubic read:model.safetensors --results read:results --picture write:out.png
bench pack read:results --model read:model.safetensors --weights read:model.safetensors --out write:out.zip
bench verify read:mine.zip --data read:faces --protocol read:mine@1.toml --into make:out
bench groups read:results --data read:faces --picture write:out.png
bench init-board make:out --data read:faces --split val --protocol read:mine@1.toml
bench verify mine.zip --data read:faces --board read:board --comment write:out.md
bench report read:run --results read:results --out write:out.html
bench spread read:results --protocol read:mine@1.toml --out make:out
bench score read:sr read:hr --protocol read:mine@1.toml --pairs read:pairs.csv
bench score read:sr read:faces --split val --protocol dic@1 --lr read:lr --out make:out
bench protocols copy dic@1 write:out@1.toml
plugin new fsr-x --kind fusion --out make:out
plugin check read:plugin.py
weights info read:model.safetensors
weights info read:run
weights pack read:run write:out.safetensors --results read:results --licence CC0-1.0 --limits none
weights convert read:fan.pth write:out.safetensors
"""


class Case(NamedTuple):
    """A command, in which the word of that number gets an odd path."""

    words: tuple[str, ...]
    place: int
    odd: str

    @property
    def serves(self) -> bool:
        """Return whether what is odd serves as well as what is not."""
        return self.odd in USED[_role(self.words[self.place])]


def _unreadable(path: Path, good: Path) -> None:
    _linked(path, good)
    if path.is_symlink():
        path.unlink()
        shutil.copytree(good, path) if good.is_dir() else shutil.copy(good, path)
    else:
        path.mkdir()
    path.chmod(0)


def _linked(path: Path, good: Path) -> None:
    if good.exists():
        path.symlink_to(good.absolute())


ODD: dict[str, Callable[[Path, Path], object]] = {  # how each is made, beside the good one
    "missing": lambda path, _: None,
    "folder": lambda path, _: path.mkdir(),
    "pipe": lambda path, _: os.mkfifo(path),
    "device": lambda path, _: path.symlink_to("/dev/zero"),
    "empty": lambda path, _: path.touch(),
    "unreadable": _unreadable,
    "bytes-\udcff": _linked,
    "below-a-file": lambda path, _: path.parent.touch(),
}
USED = {  # by what a path is for, the odd ones that serve
    "read": {"bytes-\udcff"},
    "make": {"missing", "folder", "bytes-\udcff"},
    "check": set[str](),
    "keep": set[str](),
    "write": {"missing", "empty", "bytes-\udcff"},
}
NOT_TRIED = {"check": "read", "keep": "make"}


def cases() -> Iterator[Case]:
    """Yield every command with every odd path at every place."""
    for line in COMMANDS.replace("\\\n", "").strip().split("\n"):
        words = tuple(line.split())
        for place, word in enumerate(words):
            for odd in ODD if _role(word) else ():
                if odd not in USED[NOT_TRIED.get(_role(word), "keep")]:
                    yield Case(words, place, odd)


def _role(word: str) -> str:
    role, colon, _ = word.partition(":")
    return role if colon and role in USED else ""


def _good(word: str) -> str:
    return word.partition(":")[2] if _role(word) else word


@dataclass
class Tally:
    """Counts of odd paths that were refused or used, by their kind; `faults` are sentences."""

    refused: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [f"{'odd path':16} refused  used"]
        rows += [f"{ascii(odd)[1:-1]:16} {self.refused[odd]:7} {self.used[odd]:5}" for odd in ODD]
        total = sum(self.refused.values()) + sum(self.used.values()) + len(self.faults)
        return "\n".join([*rows, f"{total} odd paths, {len(self.faults)} faults", *self.faults])


def soak(folder: Path, chosen: Iterable[Case], *, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Run the cases in a folder, each in a fork, without a root's right to read everything."""
    world, place, tally = folder / "world", folder / "odd", Tally()
    if not world.exists():
        make_world(world)
    os.environ["PRIORSR_CACHE"] = str(folder / "cache")
    for done, case in enumerate(chosen, 1):
        words = [_good(word) for word in case.words]
        good, _, attribute = words[case.place].partition(":")
        copy_of(world, place, {word.partition(":")[0].partition("/")[0] for word in words})
        odd = f"odd-{case.odd}{Path(good).suffix}"
        odd = f"odd-file/{odd}" if case.odd == "below-a-file" else odd
        ODD[case.odd](place / odd, place / good)
        words[case.place] = f"{odd}:{attribute}" if attribute else odd
        ended = run(words, place, seconds=SECONDS, before=without_rights)
        problem = _problem(ended, case)
        if problem:
            tally.faults.append(f"priorsr {ascii(' '.join(words))[1:-1]}: {problem}")
            tell(tally.faults[-1])
        else:
            (tally.refused if ended.code else tally.used)[case.odd] += 1
        _remove(place)
        if done % 20 == 0:
            tell(f"{done} odd paths, {len(tally.faults)} faults")
    return tally


def _remove(place: Path) -> None:
    for path in place.glob("odd-*"):
        if not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(place)


def _problem(ended: Outcome, case: Case) -> str:
    """Return what is wrong with how a command ended, or nothing."""
    code, out, err = ended
    if code is None:
        return "hangs"
    if "Traceback" in err or code not in (0, 1, 2):
        return f"exit code {code}: {err[-1_500:]}"
    listed = "what is wrong" in out or "checks passed" in out  # findings of an examination
    if code == 0 or (case.serves and listed):
        return "" if case.serves else f"exit code 0: {(out + err)[-300:]}"
    said = [line for line in err.splitlines() if re.match(r"error: |failed: ", line)]
    if len(said) != 1 and code == 2 and not listed:  # pictures may be several, with exit code 1
        return f"{len(said)} sentences: {(out + err)[-500:]}"
    return "" if "odd-" in "".join(said or out) else f"refused without its name: {(out + err)[-500:]}"


def without_rights() -> None:
    """Give up a root's right to read and write what permissions forbid (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 of each
    if libc.capget(header, rights):
        raise OSError(ctypes.get_errno(), "capget")
    for part in range(3):
        rights[part] &= ~0b110
    if libc.capset(header, rights):
        raise OSError(ctypes.get_errno(), "capset")
