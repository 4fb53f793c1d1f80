"""Protocols: files that define how LR images are made and SR images scored, and never change once published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from priorsr.config import build_config
from priorsr.data.reduction import Reduction
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError, did_you_mean
from priorsr.files import sha256_json
from priorsr.metrics.scoring import SCORES, Score, Scores, Scoring
from priorsr.reading.toml_files import read_toml

Section = TypeVar("Section")

_ID = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)@(?P<version>[1-9][0-9]*)")


@dataclass(frozen=True)
class Protocol:
    """A scoring protocol.

    name, version: the parts of its id, `NAME@V`.
    description, crop, notes: texts: a description, the crop of HR images in the published numbers, and peculiarities.
    adapted_from: the HR size of the published file, where this one was adapted to another.
    """

    name: str
    version: int
    description: str
    crop: str
    notes: tuple[str, ...]
    reduction: Reduction
    scoring: Scoring
    adapted_from: int | None = None

    def __post_init__(self) -> None:
        if self.reduction.hr_size is None:
            raise OptionError(f"the protocol {self.name}@{self.version} is for no HR size; its hr_size was expected")

    @property
    def hr_size(self) -> int:
        """Return the side of the HR images in pixels."""
        assert self.reduction.hr_size is not None, "checked when it was made"
        return self.reduction.hr_size

    @property
    def is_adapted(self) -> bool:
        """Return whether the HR size differs from that of the published file."""
        return self.adapted_from is not None

    @property
    def id(self) -> str:
        """Return `NAME@V`, with the size that it was adapted to."""
        suffix = f" (adapted to {self.hr_size} px)" if self.is_adapted else ""
        return f"{self.name}@{self.version}{suffix}"

    @property
    def content_hash(self) -> str:
        """Return the SHA-256, in hex, of reduction and scoring without texts: equal hashes mean comparable numbers."""
        return sha256_json({"reduction": self.reduction.content, "scoring": self.scoring.content})

    @property
    def short_hash(self) -> str:
        """Return the first 12 digits of the content hash, for tables."""
        return self.content_hash[:12]

    def adapted(self, size: int) -> Protocol:
        """Adapt the protocol to HR images of `size` pixels a side; raises OptionError unless the scale divides it."""
        published = self.adapted_from or self.hr_size
        adapted_from = None if size == published else published
        return replace(self, reduction=replace(self.reduction, hr_size=size), adapted_from=adapted_from)

    def score(self, sr: Tensor, hr: Tensor) -> Scores:
        """Score a batch, see `Scoring.score`; raises ShapeError also for images of another size than the protocol's."""
        self.reduction.check_size(tuple(hr.shape[-2:]))
        return self.scoring.score(sr, hr)

    def aggregate(self, scores: Scores) -> dict[str, float]:
        """Return the set's scores in the protocol's aggregation, see `Scoring.aggregate`."""
        return self.scoring.aggregate(scores)


def protocol_names() -> list[str]:
    """Return the ids of the protocols in this package."""
    return sorted(file.name.removesuffix(".toml") for file in _packaged().iterdir() if file.name.endswith(".toml"))


def load_protocol(name_or_path: str | Path) -> Protocol:
    """Read a protocol of this package by its id, or from any file `NAME@V.toml`.

    Every key is required, and no other is allowed: a protocol has no defaults. Raises UnknownNameError for an unknown
    id, DataError naming the file, the key and what was expected for a missing, broken or wrong file, and OptionError
    for something of another type.
    """
    if not isinstance(name_or_path, str | Path):
        raise OptionError(
            f"the protocol is {name_or_path!r:.80}; an id such as 'dic@1', a file or a Protocol was expected"
        )
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    else:
        path = _packaged_file(name_or_path)
    content = read_toml(path, "a protocol NAME@V.toml")
    try:
        return _parse(path.name.removesuffix(".toml"), content)
    except PriorsrError as error:
        raise DataError(f"{path}: {error}") from error


def protocol_text(name: str) -> str:
    """Return the text of a protocol's file in this package; raises UnknownNameError with the closest ids."""
    return _packaged_file(name).read_text(encoding="utf-8")


def check_file_name(path: Path) -> None:
    """Raise DataError unless a protocol's file is named NAME@V.toml."""
    if path.suffix != ".toml" or _ID.fullmatch(path.stem) is None:
        raise DataError(f"{path}: NAME@V.toml was expected, such as my-lab@1.toml")


def _packaged_file(name: str) -> Path:
    if name not in protocol_names():
        raise UnknownNameError(f"there is no protocol {name!r}; {did_you_mean(name, protocol_names())}")
    return _packaged() / f"{name}.toml"


def _packaged() -> Path:
    return Path(str(files("priorsr.metrics"))) / "protocols"


@dataclass(frozen=True)
class _File:
    """Check the top level of a protocol's file."""

    description: str
    crop: str
    notes: tuple[str, ...]
    reduction: dict[str, Any]
    scoring: dict[str, Any]


def _parse(stem: str, content: Mapping[str, Any]) -> Protocol:
    match = _ID.fullmatch(stem)
    if match is None:
        raise DataError(f"the file's name is {stem!r}; NAME@V was expected, such as my-lab@1")
    file = _build(_File, content, "the top level")
    tables = {key: value for key, value in file.scoring.items() if isinstance(value, dict)}
    scoring = {key: value for key, value in file.scoring.items() if key not in tables}
    return Protocol(
        name=match["name"],
        version=int(match["version"]),
        description=file.description,
        crop=file.crop,
        notes=file.notes,
        reduction=_build(Reduction, file.reduction, "[reduction]"),
        scoring=parse_scoring({**scoring, "scores": tables}),
    )


def parse_scoring(content: Mapping[str, Any]) -> Scoring:
    """Return the scoring of a content, see `Scoring.content`; raises DataError or OptionError for wrong content."""
    scores = content.get("scores")
    if not isinstance(scores, dict) or not scores:
        raise DataError("[scoring] has no scores; at least one table [scoring.NAME] was expected")
    return _build(Scoring, {**content, "scores": {name: _score(name, scores[name]) for name in scores}}, "[scoring]")


def _score(name: str, table: Mapping[str, Any]) -> Score:
    kind = table.get("score") if isinstance(table, dict) else None
    if not isinstance(kind, str) or kind not in SCORES:
        raise DataError(f"[scoring.{name}] has score = {kind!r}; one of {', '.join(map(repr, SCORES))} was expected")
    return _build(SCORES[kind], {key: value for key, value in table.items() if key != "score"}, f"[scoring.{name}]")


def _build(section: type[Section], table: Mapping[str, Any], where: str) -> Section:
    """Return a section of the file; checks for missing and unknown keys, and for wrong types."""
    for field in fields(section):  # type: ignore[arg-type]
        if field.name not in table:
            raise DataError(f"{where} lacks the key {field.name!r}; it has {', '.join(table) or 'none'}")
    return build_config(section, None, table, where)
