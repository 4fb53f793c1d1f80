"""`board.toml`: the title, face sets and protocols of a leaderboard of one's own, which is a results folder with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from priorsr.bench.board.publishable import permits_publishing
from priorsr.bench.store.records import Record
from priorsr.bench.store.values import Hash, RecordPart
from priorsr.data import FaceSet
from priorsr.data.manifest import RelativePath
from priorsr.errors import DataError, OptionError, did_you_mean
from priorsr.metrics import Protocol, load_protocol
from priorsr.reading.json_files import parse_facts
from priorsr.reading.toml_files import read_toml

NAME = "board.toml"
LONGEST_LABEL = 80

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BoardSet(RecordPart):
    """A split of a face set. hash: of the whole set. folder: where the set lies in the board's folder."""

    name: Line
    version: Line
    licence: Line
    hash: Hash
    split: Line
    count: Annotated[int, Field(ge=1)]
    folder: RelativePath

    @property
    def publishable(self) -> bool:
        """Return whether the licence permits to publish the images, and what models made of them."""
        return permits_publishing(self.licence)


class BoardProtocol(RecordPart):
    """A protocol. hash: of its file, before it is adapted to a set of another size."""

    id: Line
    hash: Hash


class BoardFacts(RecordPart):
    """The content of `board.toml`.

    default_protocol: the id of the protocol whose tables come first. allowed_distributions: of the models that
    verifying may run.
    """

    format: Literal[1]
    title: Line
    default_protocol: str
    allowed_distributions: tuple[Line, ...]
    protocols: Annotated[tuple[BoardProtocol, ...], Field(min_length=1)]
    sets: Annotated[tuple[BoardSet, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_is_there_once(self) -> BoardFacts:
        _check_once("protocols", (protocol.id for protocol in self.protocols))
        _check_once("sets", ((found.hash, found.split) for found in self.sets))
        _check_once("sets", ((found.name, found.split) for found in self.sets))
        if self.default_protocol not in [protocol.id for protocol in self.protocols]:
            known = ", ".join(protocol.id for protocol in self.protocols)
            raise ValueError(
                f"default_protocol is {self.default_protocol!r}; one of the protocols was expected: {known}"
            )
        return self


@dataclass(frozen=True)
class Board:
    """A leaderboard's folder with what its `board.toml` holds."""

    folder: Path
    facts: BoardFacts

    @classmethod
    def open(cls, folder: str | Path) -> Board:
        """Open the board in a folder; raises DataError, naming the field, for a missing or broken `board.toml`."""
        path = Path(folder) / NAME
        content = read_toml(path, f"{NAME}, which priorsr bench init-board writes,")
        return cls(path.parent, parse_facts(json.dumps(content, default=str), path, BoardFacts, "the board"))

    @classmethod
    def find(cls, folder: str | Path) -> Board | None:
        """Open the board in a folder; None for a results folder that is none."""
        return cls.open(folder) if (Path(folder) / NAME).exists() else None

    @cached_property
    def protocols(self) -> dict[str, Protocol]:
        """Return the protocols by their ids, the default one first.

        Raises DataError for one that neither priorsr nor the folder `protocols` has with that hash.
        """
        found = {}
        first = self.facts.default_protocol
        for known in sorted(self.facts.protocols, key=lambda protocol: protocol.id != first):
            own = self.folder / "protocols" / f"{known.id}.toml"
            protocol = load_protocol(own if own.exists() else known.id)
            if protocol.content_hash != known.hash:
                raise DataError(
                    f"{self.folder / NAME}: has {known.id} with the hash {known.hash[:12]}, and here it has "
                    f"{protocol.short_hash}"
                )
            found[known.id] = protocol
        return found

    @property
    def protocol_files(self) -> list[Path]:
        """Return the files of the protocols that are not priorsr's."""
        return sorted((self.folder / "protocols").glob("*.toml"))

    def set_of(self, record: Record) -> BoardSet:
        """Return the split that a record is of; raises DataError for one that the board lacks."""
        for known in self.facts.sets:
            if (known.hash, known.split) == (record.data.hash, record.data.split):
                return known
        there = " and ".join(f"{known.name} {known.split} ({known.hash[:12]})" for known in self.facts.sets)
        raise DataError(
            f"the record {record.id} is of {record.data.name} {record.data.split} ({record.data.hash[:12]}), and the "
            f"board {self.facts.title!r} is of {there}"
        )

    def check(self, record: Record) -> None:
        """Raise DataError for a record of another face set, split or protocol, and for a label that breaks tables."""
        self.set_of(record)
        named = record.protocol.id.partition(" ")[0]
        if named not in self.protocols:
            raise DataError(
                f"the record {record.id} is scored under {named!r:.80}, which the board {self.facts.title!r} lacks; "
                f"{did_you_mean(named, self.protocols)}"
            )
        if record.protocol.hash != self._adapted_hash(named, record):
            raise DataError(f"the record {record.id} is scored under another {named} than the board's, by its hash")
        label = record.model.label
        if not 1 <= len(label) <= LONGEST_LABEL or not label.isprintable():
            raise DataError(
                f"the record {record.id} has the label {label!r:.120}; 1 to {LONGEST_LABEL} printable characters were "
                "expected"
            )

    def face_set(self, known: BoardSet, given: str | Path | FaceSet | None = None) -> FaceSet:
        """Open one of the face sets, in the board's folder or where it is `given`; raises DataError for another set."""
        found = given if isinstance(given, FaceSet) else FaceSet.open(given or self.folder / known.folder)
        if found.hash != known.hash:
            raise DataError(
                f"{found.path}: has the hash {found.hash[:12]}, and the board's set {known.name} has {known.hash[:12]}"
            )
        return found

    def _adapted_hash(self, name: str, record: Record) -> str | None:
        size = record.protocol.reduction.get("hr_size")
        try:
            return self.protocols[name].adapted(size).content_hash if isinstance(size, int) else None
        except OptionError:
            return None


def _check_once(what: str, keys: Iterable[Hashable]) -> None:
    for key, times in Counter(keys).items():
        if times > 1:
            raise ValueError(f"{what} has {key!r} {times} times; each was expected once")
