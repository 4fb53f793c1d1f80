"""Read and write `metrics.jsonl`: a JSON line for every few steps and for each validation; infinity is "inf"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from priorsr.errors import DataError
from priorsr.fields import Value
from priorsr.infinity import json_value
from priorsr.reading.content import read_content
from priorsr.reading.json_files import parse_json
from priorsr.reading.mistakes import first_mistake
from priorsr.training.validation_scores import SCORES

MOST_BYTES = 2**30


def _known_score(name: str) -> str:
    if name not in SCORES:
        *others, last = SCORES
        raise ValueError(f"{', '.join(others)} or {last} was expected")
    return name


class _Line(BaseModel):
    """The fields of a metrics line that are read; others are allowed."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    stage: str
    step: Annotated[int, Field(ge=0, le=2**53)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StepLine(_Line):
    """Means over the steps since the previous line; None for NaN."""

    kind: Literal["step"]
    losses: dict[str, Value | None]
    logs: dict[str, Value | None]
    lr: dict[str, Value | None]


class ValidationLine(_Line):
    """A score on validation faces, and the references' scores on the same faces."""

    kind: Literal["validation"]
    score: Annotated[str, AfterValidator(_known_score)]
    value: Value
    references: dict[str, Value]
    faces: Annotated[int, Field(ge=1)]


Line = StepLine | ValidationLine
_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def line_text(line: Mapping[str, Any]) -> str:
    """Return a metrics line as JSON text, with its line end."""
    return json.dumps(json_value(line), allow_nan=False) + "\n"


def read_lines(path: Path) -> tuple[list[Line], bool]:
    """Read a run's metrics: return the lines, and whether an incomplete last line was left out.

    Raises DataError naming the file and the first invalid line.
    """
    content = read_content(path, "the metrics of a run", MOST_BYTES)
    try:
        *whole, rest = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: cannot be read as text ({error})") from error
    return [_parsed(text, f"{path}: line {number}") for number, text in enumerate(whole, 1)], bool(rest)


def _parsed(text: str, where: str) -> Line:
    try:
        return _LINES.validate_python(parse_json(text, where))
    except ValidationError as error:
        raise DataError(f"{where}: {first_mistake(error, 'the line', skip=1)}") from error
