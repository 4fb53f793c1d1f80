"""A pickle interpreter that builds plain values and stand-ins only.

It interprets the instructions that `pickletools` reads, and never calls or imports anything. Python's own unpickler,
even with its classes replaced, can be made to exhaust the memory (by a large memo index), to run forever or to crash
(by hashing nested tuples as a key).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pickletools import genops
from typing import IO, Any

MOST_INSTRUCTIONS = 3_000_000
_ATOMS = (str, bytes, int, float, type(None))
_PUSH = {  # instructions that push their argument
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_MAKE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": lambda: StandIn("builtins.set"),
}


@dataclass(frozen=True)
class DottedName:
    """The dotted name of a class or function, never looked up."""

    name: str


@dataclass(eq=False)
class StandIn:
    """A stand-in for the result of calling the class or function `name` with `args`, which is never called.

    state: the object's attributes. items, pairs: what the pickle adds to the object as a list or a mapping.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)
    pairs: list[tuple[Any, Any]] = field(default_factory=list)


def run(file: IO[bytes], persistent: Callable[[Any], Any]) -> Any:
    """Return the value of the pickle at a file's position, and leave the file at the pickle's end.

    persistent: maps the id of an object outside the pickle, such as a storage, to a value.
    Raises ValueError, as the end of a sentence, for no pickle, or one with more instructions than weights need.
    """
    machine = _Machine(persistent)
    try:
        for count, (instruction, argument) in enumerate(_instructions(file)):
            if count > MOST_INSTRUCTIONS:
                raise ValueError(f"holds a pickle of more than {MOST_INSTRUCTIONS:,} instructions")
            machine.execute(instruction, argument)
        return machine.pop()
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"holds a pickle that is broken ({type(error).__name__}: {error})") from error


def _instructions(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    try:
        for instruction, argument, _ in genops(file):
            yield instruction.name, argument
    except ValueError as error:
        raise ValueError(f"is cut off or damaged ({error}); download it again") from error


class _Machine:
    """The interpreter's stack, the marked stacks below it, and the memo."""

    def __init__(self, persistent: Callable[[Any], Any]) -> None:
        self._persistent = persistent
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """Take the topmost value."""
        return self._stack.pop()

    def execute(self, instruction: str, argument: Any) -> None:
        """Execute one instruction; raises ValueError for a refused instruction, and other errors for a wrong stack."""
        push, pop = self._stack.append, self.pop
        if instruction in _PUSH:
            push(argument)
        elif instruction in _MAKE:
            push(_MAKE[instruction]())
        elif instruction in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif instruction == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif instruction in ("GET", "BINGET", "LONG_BINGET"):
            push(self._memo[argument])
        elif instruction == "MARK":
            self._below.append(self._stack)
            self._stack = []
        elif instruction in ("TUPLE1", "TUPLE2", "TUPLE3"):
            self._stack[-int(instruction[-1]) :] = [self._last(int(instruction[-1]))]
        elif instruction in ("TUPLE", "LIST", "FROZENSET", "DICT", "APPENDS", "ADDITEMS", "SETITEMS", "OBJ", "INST"):
            self._of_marked(instruction, argument, self._marked())
        elif instruction == "APPEND":
            self._add([pop()])
        elif instruction == "SETITEM":
            value, key = pop(), pop()
            self._set([key, value])
        elif instruction == "GLOBAL":
            push(DottedName(argument.replace(" ", ".")))
        elif instruction == "STACK_GLOBAL":
            name, module = pop(), pop()
            push(DottedName(f"{module}.{name}"))
        elif instruction in ("REDUCE", "NEWOBJ"):
            args, what = pop(), pop()
            push(_stand_in(what, args))
        elif instruction == "NEWOBJ_EX":
            keywords, args, what = pop(), pop(), pop()
            push(_stand_in(what, (*args, keywords)))
        elif instruction == "BUILD":
            state = pop()
            if isinstance(self._stack[-1], StandIn):
                self._stack[-1].state = state
        elif instruction in ("BINPERSID", "PERSID"):
            push(self._persistent(pop() if instruction == "BINPERSID" else argument))
        elif instruction in ("POP", "POP_MARK"):
            self._marked() if instruction == "POP_MARK" or not self._stack else pop()
        elif instruction == "DUP":
            push(self._stack[-1])
        elif instruction not in ("PROTO", "FRAME", "STOP"):
            raise ValueError(f"holds a pickle with the instruction {instruction}, which weights do not need")

    def _of_marked(self, instruction: str, argument: Any, marked: list[Any]) -> None:
        """Execute an instruction on the values above the last mark."""
        push = self._stack.append
        if instruction == "TUPLE":
            push(tuple(marked))
        elif instruction == "LIST":
            push(marked)
        elif instruction == "FROZENSET":
            push(StandIn("builtins.frozenset", items=marked))
        elif instruction == "DICT":
            push({})
            self._set(marked)
        elif instruction == "SETITEMS":
            self._set(marked)
        elif instruction == "OBJ":
            push(_stand_in(marked[0], tuple(marked[1:])))
        elif instruction == "INST":
            push(StandIn(argument.replace(" ", "."), tuple(marked)))
        else:
            self._add(marked)

    def _marked(self) -> list[Any]:
        """Take away and return the values above the last mark."""
        marked, self._stack = self._stack, self._below.pop()
        return marked

    def _last(self, count: int) -> tuple[Any, ...]:
        if len(self._stack) < count:
            raise IndexError("the stack is empty")
        return tuple(self._stack[-count:])

    def _add(self, values: list[Any]) -> None:
        """Add values to the list or stand-in on top of the stack."""
        target = self._stack[-1]
        (target.items if isinstance(target, StandIn) else target).extend(values)

    def _set(self, flat: list[Any]) -> None:
        """Set alternating keys and values in the dict or stand-in on top of the stack."""
        target = self._stack[-1]
        if len(flat) % 2:
            raise IndexError("a key without a value")
        pairs = list(zip(map(_key, flat[::2]), flat[1::2], strict=True))
        if isinstance(target, StandIn):
            target.pairs.extend(pairs)
        else:
            target.update(pairs)


def _stand_in(what: Any, args: Any) -> StandIn:
    if not isinstance(args, tuple):
        raise TypeError(f"arguments are a {type(args).__name__}")
    return StandIn(what.name if isinstance(what, DottedName) else "something", args)


def _key(key: Any) -> Any:
    """Return a hashable key; a key other than a plain value becomes a stand-in, equal to no other."""
    plain = isinstance(key, (*_ATOMS, DottedName)) or (
        isinstance(key, tuple) and all(isinstance(x, _ATOMS) for x in key)
    )
    return key if plain else StandIn("a key", (key,))
