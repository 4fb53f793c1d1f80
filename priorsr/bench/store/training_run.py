"""Read a training run from its folder, finished or not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.errors import DataError
from priorsr.models.weights import read_card
from priorsr.training.metrics_file import Line, read_lines
from priorsr.training.run_folder import RunFolder

_SAMPLE = re.compile(r"(?P<stage>.+)-(?P<step>\d{7,})")


@dataclass(frozen=True)
class Product:
    """Weights that a stage of the run wrote, with the metadata of their file."""

    path: Path
    described: Mapping[str, Any]


@dataclass(frozen=True)
class TrainingRun:
    """The content of a run's folder.

    cut_off: whether the last line of the metrics was half-written by a killed process, and is left out.
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
        """Return how many steps each stage has, in their order."""
        steps: Mapping[str, int] = self.config["stage_steps"]
        return steps

    def done(self, stage: str) -> int:
        """Return the last step of a stage that the metrics hold."""
        return max((line.step for line in self.lines if line.stage == stage), default=0)

    @property
    def finished(self) -> bool:
        """Return whether the last stage wrote its weights."""
        return any(product.described["card"].get("stage") == list(self.stage_steps)[-1] for product in self.products)


def read_run(path: str | Path) -> TrainingRun:
    """Read a training run's folder; raises DataError naming the file, its content, and what was expected."""
    folder = RunFolder(Path(path))
    if not folder.holds_a_run():
        raise DataError(f"{folder.path}: has no config.json; the folder of a training run was expected")
    config = folder.read_config()
    lines, cut_off = _lines(folder.metrics, config["stage_steps"])
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


def _lines(path: Path, stages: Mapping[str, int]) -> tuple[list[Line], bool]:
    lines, cut_off = read_lines(path)
    for number, line in enumerate(lines, 1):
        if line.stage not in stages:
            raise DataError(
                f"{path}: line {number} is of the stage {line.stage!r}; the run's stages are {', '.join(stages)}"
            )
    return lines, cut_off


def _samples(folder: Path, stages: Mapping[str, int]) -> dict[str, list[tuple[int, Path]]]:
    """Return pictures by stage, in the order of their steps; leave out files that no run writes."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.glob("[!.]*.png")):
        name = _SAMPLE.fullmatch(path.stem)
        if name and name["stage"] in stages:
            found.setdefault(name["stage"], []).append((int(name["step"]), path))
    return {stage: sorted(found[stage]) for stage in stages if stage in found}


def _products(folder: Path, stages: Mapping[str, int]) -> list[Product]:
    order = list(stages)
    found = [Product(path, read_card(path)) for path in sorted(folder.glob("[!.]*.safetensors"))]
    known = [
        product for product in found if product.described["card"].get("stage") in order
    ]  # not in stages: it may be anything
    return sorted(known, key=lambda product: order.index(product.described["card"]["stage"]))
