"""A run's metrics, `metrics.jsonl`: a line of JSON for some steps or a validation, in which infinity is "inf"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from priorsr.errors import DataError
from priorsr.fields import Value
from priorsr.files import first_mistake
from priorsr.infinity import json_value
from priorsr.training.judges import SCORES


def _known_score(name: str) -> str:
    if name not in SCORES:
        *others, last = SCORES
        raise ValueError(f"{', '.join(others)} or {last} was expected")
    return name


class _Line(BaseModel):
    """What is read of a line of the metrics; there may be more."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    stage: str
    step: Annotated[int, Field(ge=0, le=2**53)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StepLine(_Line):
    """Means over the steps since the line before; NaN is None."""

    kind: Literal["step"]
    losses: dict[str, Value | None]
    logs: dict[str, Value | None]
    lr: dict[str, Value | None]


class ValidationLine(_Line):
    """A score on faces that were not trained on, beside references' on the same faces."""

    kind: Literal["validation"]
    score: Annotated[str, AfterValidator(_known_score)]
    value: Value
    references: dict[str, Value]
    faces: Annotated[int, Field(ge=1)]


Line = StepLine | ValidationLine
_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def line_text(line: Mapping[str, Any]) -> str:
    """Return a line of the metrics as text with its end."""
    return json.dumps(json_value(line), allow_nan=False) + "\n"


def read_lines(path: Path) -> tuple[list[Line], bool]:
    """Read the lines of a run's metrics, and whether a last one, without its end, was left out.

    Raises DataError naming the file and the line that no run writes.
    """
    try:
        *whole, rest = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; the metrics of the run were expected") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as text ({error})") from error
    return list(_parsed(path, whole)), bool(rest)


def _parsed(path: Path, lines: Sequence[str]) -> Iterator[Line]:
    for number, text in enumerate(lines, 1):
        try:
            yield _LINES.validate_python(json.loads(text))
        except ValidationError as error:
            raise DataError(f"{path}: line {number}, {first_mistake(error, 'the line', skip=1)}") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: line {number} is {text[:40]!r}; a line of JSON was expected") from error
