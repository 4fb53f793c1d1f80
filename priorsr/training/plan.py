"""Plan a run: check the order of its stages, and compute the number of steps of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from priorsr.errors import MissingWeightsError, OptionError, did_you_mean
from priorsr.models.weights import made_of, read
from priorsr.reading.fitting import check_fit
from priorsr.training.blueprint import first_difference
from priorsr.training.stage import Stage


@dataclass(frozen=True)
class StageCost:
    """Measured seconds of a step of a stage, of a validation during it, and of the validation at its end."""

    step: float
    validation: float
    last_validation: float


def check_stages(stages: Sequence[Stage]) -> None:
    """Raise OptionError or MissingWeightsError for stages that cannot run in this order."""
    if not stages:
        raise OptionError("the recipe has no stages; one or more were expected")
    earlier: dict[str, Stage] = {}
    for stage in stages:
        if stage.name in earlier:
            raise OptionError(f"the recipe has two stages called {stage.name!r}; different names were expected")
        for name, source in stage.starts_from.items():
            who = f"the stage {stage.name!r} starts {name!r} from {str(source)!r}"
            if isinstance(source, str) and source in earlier:
                if name not in earlier[source].modules:
                    raise OptionError(
                        f"{who}, which has no module {name!r}; {did_you_mean(name, earlier[source].modules)}"
                    )
            elif Path(source).suffix == ".safetensors":
                _check_file(stage, name, Path(source))
            else:
                raise OptionError(
                    f"{who}; an earlier stage or a .safetensors file was expected; {did_you_mean(str(source), earlier)}"
                )
        earlier[stage.name] = stage


def _check_file(stage: Stage, name: str, path: Path) -> None:
    if not path.is_file():
        raise MissingWeightsError(
            f"{path}: there is no such file; the stage {stage.name!r} starts its {name!r} from these weights"
        )
    described, tensors = read(path)
    check_fit(stage.modules[name], tensors, path)
    was, now = described["config"], made_of(stage.modules[name])
    # Networks of different configs can have the same tensors, and compute something else.
    change = first_difference(was, {key: now.get(key) for key in was}) if now else None
    if change:
        raise OptionError(
            f"{path}: holds a {described['name']!r} with another config than {name!r} in the stage {stage.name!r}: "
            f"{change}; the same was expected"
        )


def steps_by_length(stages: Sequence[Stage], steps_per_epoch: Mapping[str, int]) -> dict[str, int]:
    """Return each stage's number of steps, by its own length."""
    unit = {"steps": dict.fromkeys(steps_per_epoch, 1), "epochs": steps_per_epoch}
    return {stage.name: max(1, math.ceil(stage.length.value * unit[stage.length.unit][stage.name])) for stage in stages}


def steps_by_total(stages: Sequence[Stage], total: int) -> dict[str, int]:
    """Divide `total` steps among the stages by their shares, at least one each."""
    if total < len(stages):
        raise OptionError(f"steps is {total}; {len(stages)} or more were expected, since each stage takes one")
    ends = [0]
    for i, part in enumerate(accumulate(_parts(stages).values()), 1):
        earliest, latest = ends[-1] + 1, total - len(stages) + i
        ends.append(min(max(round(total * part), earliest), latest))
    return {stage.name: end - begin for stage, (begin, end) in zip(stages, pairwise(ends), strict=True)}


def steps_by_seconds(
    stages: Sequence[Stage], seconds: float, costs: Mapping[str, StageCost], validate_every: int | None
) -> dict[str, int]:
    """Return the steps of each stage that fit into its share of the seconds, validation included."""
    found = {}
    for name, part in _parts(stages).items():
        cost = costs[name]
        budget = seconds * part - cost.last_validation
        if validate_every:
            steps = budget / (cost.step + cost.validation / validate_every)
        else:  # the cheaper of nine validations on the way, and one in 50 steps: see validation_interval
            steps = max((budget - 9 * cost.validation) / cost.step, budget / (cost.step + cost.validation / 50))
        found[name] = max(1, int(steps))
    return found


def validation_interval(steps: int, validate_every: int | None) -> int:
    """Return the steps between validations: the given number, or a tenth of the stage, at least 50."""
    return validate_every or max(50, math.ceil(steps / 10))


def _parts(stages: Sequence[Stage]) -> dict[str, float]:
    whole = math.fsum(stage.share for stage in stages)
    return {stage.name: stage.share / whole for stage in stages}
