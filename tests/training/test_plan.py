from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toys
from torch import nn

from priorsr.errors import DataError, MissingWeightsError, OptionError
from priorsr.models import weights
from priorsr.training import Duration, Optimiser, Stage, epochs, steps
from priorsr.training.plan import (
    StageCost,
    check_stages,
    steps_by_length,
    steps_by_seconds,
    steps_by_total,
    validation_interval,
)


def stage(name: str, share: float = 1, length: Duration = steps(1), **options: Any) -> Stage:  # noqa: B008  # frozen
    modules = {"net": nn.Linear(1, 1)}
    return Stage(name, modules, {"net": Optimiser(("net",))}, lambda *_: {}, length, "net", share=share, **options)


def test_lengths_in_steps_and_epochs() -> None:
    stages = [stage("a", length=steps(7)), stage("b", length=epochs(2.5)), stage("c", length=epochs(0))]
    assert steps_by_length(stages, {"a": 10, "b": 10, "c": 10}) == {"a": 7, "b": 25, "c": 1}


@pytest.mark.parametrize(
    ("shares", "total", "expected"),
    [
        ([1], 5, [5]),
        ([0.3, 0.7], 100, [30, 70]),
        ([1, 1, 1], 100, [33, 34, 33]),
        ([1, 1000], 10, [1, 9]),
        ([1000, 1, 1], 3, [1, 1, 1]),
    ],
)
def test_a_total_is_shared_out_exactly_and_every_stage_gets_a_step(
    shares: list[float], total: int, expected: list[int]
) -> None:
    stages = [stage(str(i), share) for i, share in enumerate(shares)]
    assert list(steps_by_total(stages, total).values()) == expected


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(OptionError, match="steps is 1; 2 or more"):
        steps_by_total([stage("a"), stage("b")], 1)


@pytest.mark.parametrize("validate_every", [None, 7])
@pytest.mark.parametrize("seconds", [30.0, 300.0])
def test_steps_by_seconds_fill_the_time_and_no_more(validate_every: int | None, seconds: float) -> None:
    stages = [stage("a", 1), stage("b", 3)]
    costs = {"a": StageCost(0.1, 0.5, 1.5), "b": StageCost(0.2, 1.0, 2.0)}
    found = steps_by_seconds(stages, seconds, costs, validate_every)
    for name, part in (("a", 0.25), ("b", 0.75)):
        on_the_way = (found[name] - 1) // validation_interval(found[name], validate_every)
        took = found[name] * costs[name].step + on_the_way * costs[name].validation + costs[name].last_validation
        assert 0.8 * seconds * part < took <= seconds * part + 1e-6


def test_no_time_at_all_is_one_step() -> None:
    assert steps_by_seconds([stage("a")], -5, {"a": StageCost(1, 1, 1)}, None) == {"a": 1}


def test_validation_happens_ten_times_but_not_all_the_time() -> None:
    assert [validation_interval(n, None) for n in (20, 500, 1000, 1001)] == [50, 50, 100, 101]
    assert validation_interval(1000, 3) == 3


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "no stages"),
        ([stage("a"), stage("a")], "two stages called 'a'"),
        ([stage("a", starts_from={"net": "b"}), stage("b")], "an earlier stage or a .safetensors file was expected"),
        ([stage("first"), stage("b", starts_from={"net": "frist"})], "did you mean 'first'"),
    ],
)
def test_stages_that_cannot_follow_each_other(stages: list[Stage], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_stages(stages)


def test_weights_to_start_from_are_looked_at_before_training(tmp_path: Path) -> None:
    path = tmp_path / "toy.safetensors"
    with pytest.raises(MissingWeightsError, match=r"toy\.safetensors: there is no such file"):
        check_stages([stage("a", starts_from={"net": path})])
    weights.save(toys.Toy(toys.ToyConfig()), path)
    with pytest.raises(DataError, match="was expected by Linear"):
        check_stages([stage("a", starts_from={"net": path})])
    alike, other = toys.Toy(toys.ToyConfig()), toys.Toy(toys.ToyConfig(scale=2))
    check_stages([replace(stage("a"), modules={"net": alike}, starts_from={"net": path})])
    with pytest.raises(
        OptionError, match="with another config than 'net' in the stage 'a': scale was 4 and is 2; the same"
    ):
        check_stages([replace(stage("a"), modules={"net": other}, starts_from={"net": path})])
