"""A pickle is run without executing anything, however it asks for it, and without filling the memory."""

from __future__ import annotations

import collections
import os
import pickle
import random
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from priorsr.reading.pth import machine
from priorsr.reading.pth.machine import DottedName, StandIn, run

PLAIN = {"a": [1, -2, 2.5, None, True, b"bytes", "é", 2**70, (1, 2, 3, 4), ()], (1, "a"): {"b": []}, 3: ""}


def value(content: bytes) -> Any:
    return run(BytesIO(content), lambda kept: ("kept", kept))


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back(protocol: int) -> None:
    found = value(pickle.dumps(PLAIN, protocol))
    if protocol < 3:  # there bytes are what a function would make
        assert (found["a"][5].name, found["a"][5].args) == ("_codecs.encode", ("bytes", "latin1"))
        found["a"][5] = b"bytes"
    assert found == PLAIN


def test_what_is_saved_twice_is_one_value() -> None:
    shared = [1]
    found = value(pickle.dumps([shared, shared]))
    assert found[0] is found[1]


class Evil:
    def __init__(self, *called: Any) -> None:
        self.called = called

    def __reduce__(self) -> tuple[Any, ...]:
        return self.called


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "called",
    [
        (os.mkdir, ("executed",)),
        (exec, ("import os; os.mkdir('executed')",)),
        (eval, ("__import__('os').mkdir('executed')",)),
        (os.system, ("mkdir executed",)),
    ],
)
def test_a_function_that_a_pickle_calls_is_not_called(
    protocol: int, called: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = value(pickle.dumps([Evil(*called)], protocol))[0]
    assert isinstance(found, StandIn)
    assert found.args == called[1]
    assert not Path("executed").exists()


def text(characters: str) -> bytes:
    """The instruction that pushes a text."""
    return b"X" + len(characters).to_bytes(4, "little") + characters.encode()


OS = b"cos\nmkdir\n"
ARGS = b"(" + text("executed") + b"t"


@pytest.mark.parametrize(
    "content",
    [
        OS + ARGS + b"R.",
        b"(" + OS + text("executed") + b"o.",  # OBJ
        b"(" + text("executed") + b"ios\nmkdir\n.",  # INST
        OS + ARGS + b"\x81.",  # NEWOBJ
        OS + ARGS + b"}\x92.",  # NEWOBJ_EX
        text("os") + text("mkdir") + b"\x93" + ARGS + b"R.",  # STACK_GLOBAL
        b"c__builtin__\neval\n(" + text("__import__('os').mkdir('executed')") + b"tR.",
        OS + ARGS + b"R}" + text("__setstate__") + OS + b"sb.",  # BUILD
        OS + ARGS + b"R" + ARGS + b"R.",  # what a call gave, called again
        b"cbuiltins\ngetattr\n(cos\nsystem\n" + text("__call__") + b"tR(" + text("mkdir executed") + b"tR.",
    ],
)
def test_no_instruction_calls_or_imports(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(value(content), StandIn)
    assert not Path("executed").exists()


def test_a_class_is_a_name_and_its_module_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "antigravity", None)  # an import would raise
    assert value(b"cantigravity\nfly\n.") == DottedName("antigravity.fly")


def test_objects_are_remembered_with_all_that_would_make_them() -> None:
    class Thing:
        def __reduce__(self) -> tuple[Any, ...]:
            return collections.OrderedDict, ([["k", 1]],), {"state": 2}, iter([3, 4]), iter([("a", 5)])

    found = value(pickle.dumps(Thing(), 4))
    assert found.name == "collections.OrderedDict"
    assert (found.args, found.state, found.items, found.pairs) == (([["k", 1]],), {"state": 2}, [3, 4], [("a", 5)])
    found = value(pickle.dumps(np.float64(2.5), 2))
    assert found.name.endswith("multiarray.scalar")


def test_what_is_kept_elsewhere_is_asked_for() -> None:
    assert value(b"(" + text("storage") + b"K\x01tQ.") == ("kept", ("storage", 1))
    assert value(b"Psomewhere\n.") == ("kept", "somewhere")


BOMBS = {
    "a large memo index": b"Nr\xff\xff\xff\xff.",
    "a large memo index in words": b"Np" + b"9" * 4000 + b"\n.",
    "lists in lists": b"]" * 200_000 + b"a" * 199_999 + b".",
    "tuples in tuples as a key": b"}(" + b")" + b"\x85" * 200_000 + b"Nu.",
    "doubled tuples as a key": b"}(" + b")" + b"2\x86" * 5_000 + b"Nu.",
    "a set of doubled tuples": b"\x8f(" + b")" + b"2\x86" * 5_000 + b"\x90.",
    "lists doubled by reference": b"]" + b"q\x00(h\x00h\x00l" * 5_000 + b".",
    "a list as a key": b"}(]Nu.",
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_what_would_fill_the_memory_or_crash_is_held(content: bytes) -> None:
    assert value(content) != 0


REFUSED = {
    "one of a table of extensions": b"\x82\x01.",
    "a buffer outside": b"\x97.",
    "cut off": b"\x80\x02(X\x05\x00\x00\x00ab",
    "no end": b"NNN",
    "a length without content": b"\x8d" + b"\xff" * 7 + b"\x7f.",
    "a negative length": b"\x8b\xff\xff\xff\xff.",
    "an empty stack": b"R.",
    "a mark that is missing": b"Nt.",
    "a memo that is missing": b"h\x07.",
    "arguments that are no tuple": OS + b"NR.",
    "pairs of an odd number": b"}(Nu.",
    "something added to a number": b"K\x01Na.",
    "nothing": b"",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_broken_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="pickle|cut off or damaged"):
        value(content)


def test_a_pickle_of_too_many_instructions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MOST_INSTRUCTIONS", 100)
    assert value(b"N0" * 49 + b"N.") is None
    with pytest.raises(ValueError, match="holds a pickle of more than 100 instructions"):
        value(b"N0" * 50 + b"N.")


def test_a_damaged_pickle_is_refused_or_another_value() -> None:
    dice, whole = random.Random(0), pickle.dumps([PLAIN, np.ones(3), Evil(os.mkdir, ("executed",))], 2)
    refused = 0
    for _ in range(2_000):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            value(bytes(content))
        except ValueError:
            refused += 1
    assert 200 < refused < 1_900
    assert not Path("executed").exists()
