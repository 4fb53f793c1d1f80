"""A training run read from its folder, finished or not, and told in words where it is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from priorsr.errors import DataError
from priorsr.files import first_mistake
from priorsr.models.weights import read_card
from priorsr.training.judges import SCORES
from priorsr.training.run_folder import RunFolder

_SAMPLE = re.compile(r"(?P<stage>.+)-(?P<step>\d{7,})")


def _known_score(name: str) -> str:
    if name not in SCORES:
        *others, last = SCORES
        raise ValueError(f"{', '.join(others)} or {last} was expected")
    return name


class _Line(BaseModel):
    """What the report needs of a line of the metrics; there may be more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str
    step: Annotated[int, Field(ge=0)]
    seconds: float


class StepLine(_Line):
    """Means over the steps since the line before; a value that was not finite is None."""

    kind: Literal["step"]
    losses: dict[str, float | None]
    logs: dict[str, float | None]
    lr: dict[str, float | None]


class ValidationLine(_Line):
    """A score on faces that were not trained on, beside references' on the same faces."""

    kind: Literal["validation"]
    score: Annotated[str, AfterValidator(_known_score)]
    value: float
    references: dict[str, float]
    faces: int


Line = StepLine | ValidationLine
_LINES: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


@dataclass(frozen=True)
class Product:
    """Weights that a stage of the run left, with what their file says of them."""

    path: Path
    described: Mapping[str, Any]


@dataclass(frozen=True)
class TrainingRun:
    """A run's folder, read.

    cut_off: that the last line of the metrics was half-written, as a killed process leaves it, and is left out.
    samples: by stage, (step, picture). products: in the order of the stages.
    """

    path: Path
    config: Mapping[str, Any]
    lines: Sequence[Line]
    cut_off: bool
    samples: Mapping[str, Sequence[tuple[int, Path]]]
    products: Sequence[Product]

    @property
    def stage_steps(self) -> Mapping[str, int]:
        """How many steps each stage has, in their order."""
        steps: Mapping[str, int] = self.config["stage_steps"]
        return steps

    def done(self, stage: str) -> int:
        """The last step of a stage that the metrics tell of."""
        return max((line.step for line in self.lines if line.stage == stage), default=0)

    @property
    def finished(self) -> bool:
        """Whether the last stage left its weights."""
        return any(product.described["card"].get("stage") == list(self.stage_steps)[-1] for product in self.products)


def read_run(path: str | Path) -> TrainingRun:
    """Read a training run's folder; raises DataError naming the file, what it holds, and what was expected."""
    folder = RunFolder(Path(path))
    if not folder.holds_a_run():
        raise DataError(f"{folder.path}: has no config.json; the folder of a training run was expected")
    config = folder.read_config()
    if not isinstance(config["stage_steps"], dict) or not config["stage_steps"]:
        raise DataError(
            f"{folder.config}: stage_steps is {config['stage_steps']!r}; the steps of each stage were expected"
        )
    lines, cut_off = _read_lines(folder.metrics, config["stage_steps"])
    if not lines:
        raise DataError(f"{folder.metrics}: holds no line yet; a run that has logged some steps was expected")
    return TrainingRun(
        path=folder.path,
        config=config,
        lines=lines,
        cut_off=cut_off,
        samples=_samples(folder.samples, config["stage_steps"]),
        products=_products(folder.weights, config["stage_steps"]),
    )


def _read_lines(path: Path, stages: Mapping[str, int]) -> tuple[list[Line], bool]:
    """The lines of the metrics, and whether a last one, without its end, was left out."""
    try:
        *whole, rest = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; the metrics of the run were expected") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as text ({error})") from error
    return list(_parsed(path, whole, stages)), bool(rest)


def _parsed(path: Path, lines: Sequence[str], stages: Mapping[str, int]) -> Iterator[Line]:
    for number, text in enumerate(lines, 1):
        try:
            line = _LINES.validate_python(json.loads(text))
        except ValidationError as error:
            raise DataError(f"{path}: line {number}, {first_mistake(error, 'the line', skip=1)}") from error
        except ValueError as error:
            raise DataError(f"{path}: line {number} is {text[:40]!r}; a line of JSON was expected") from error
        if line.stage not in stages:
            raise DataError(
                f"{path}: line {number} is of the stage {line.stage!r}; the run's stages are {', '.join(stages)}"
            )
        yield line


def _samples(folder: Path, stages: Mapping[str, int]) -> dict[str, list[tuple[int, Path]]]:
    """Pictures by stage, in the order of their steps; files that no run writes are not meant."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.glob("[!.]*.png")):
        name = _SAMPLE.fullmatch(path.stem)
        if name and name["stage"] in stages:
            found.setdefault(name["stage"], []).append((int(name["step"]), path))
    return {stage: sorted(found[stage]) for stage in stages if stage in found}


def _products(folder: Path, stages: Mapping[str, int]) -> list[Product]:
    order = list(stages)
    found = [Product(path, read_card(path)) for path in sorted(folder.glob("[!.]*.safetensors"))]
    known = [product for product in found if product.described["card"].get("stage") in stages]
    return sorted(known, key=lambda product: order.index(product.described["card"]["stage"]))
