from __future__ import annotations

import math

import pytest

from priorsr.config import validate
from priorsr.errors import OptionError
from priorsr.training import Progress, Schedule, constant, cosine, epochs, fraction, stable_decay, step_decay, steps
from priorsr.training.blueprint import plain
from priorsr.training.recipes.supervised import SupervisedConfig


def values(schedule: Schedule, *at: int) -> list[float]:
    return [schedule(Progress(step, 100, 10)) for step in at]


def test_constant() -> None:
    assert values(constant(), 0, 99) == [1, 1]


def test_cosine_falls_from_one_to_its_final_value() -> None:
    quarter = 0.1 + 0.9 * (1 + math.cos(math.pi / 4)) / 2
    assert values(cosine(final=0.1), 0, 25, 50, 100) == pytest.approx([1, quarter, 0.55, 0.1])


def test_cosine_warms_up_from_above_zero() -> None:
    schedule = cosine(warmup=fraction(0.2))
    assert values(schedule, 0, 9, 19, 20, 60, 100) == pytest.approx([0.05, 0.5, 1, 1, 0.5, 0])


def test_a_warmup_as_long_as_the_stage_never_falls() -> None:
    assert values(cosine(warmup=epochs(10)), 0, 99) == pytest.approx([0.01, 1])


def test_step_decay_multiplies_at_each_milestone() -> None:
    schedule = step_decay((steps(10), epochs(5), fraction(0.9)), factor=0.5)
    assert values(schedule, 9, 10, 49, 50, 90) == [1, 0.5, 0.5, 0.25, 0.125]


def test_a_factor_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="factor 0"):
        step_decay((steps(1),), factor=0)


def test_stable_decay_is_constant_until_its_last_fifth() -> None:
    schedule = stable_decay(warmup=steps(4), final=0.1)
    assert values(schedule, 0, 3, 4, 79, 80, 90, 100) == pytest.approx([0.25, 1, 1, 1, 1, 0.55, 0.1])
    assert schedule.decay_start(Progress(0, 100, 10)) == 80
    assert stable_decay(decay=epochs(3)).decay_start(Progress(0, 100, 10)) == 70
    assert constant().decay_start(Progress(0, 100, 10)) == 100
    assert cosine().decay_start(Progress(0, 100, 10)) is None


def test_a_stage_shorter_than_warmup_and_decay_still_ends_low() -> None:
    assert values(stable_decay(warmup=steps(500), decay=steps(1000)), 0, 50, 99) == pytest.approx([1, 0.5, 0.01])


def test_a_config_takes_a_schedule_by_name() -> None:
    def schedule(value: object) -> Schedule:
        return validate(SupervisedConfig, {"schedule": value}, "the recipe").schedule

    assert schedule("stable_decay") == stable_decay()
    named = {"name": "cosine", "options": {"warmup": {"value": 3, "unit": "steps"}, "final": 0.5}}
    for one in (constant(), cosine(final=0.2), stable_decay(), step_decay((steps(3),))):
        assert schedule(plain(one)) == one  # as a run's config lists it
    assert schedule(named) == cosine(warmup=steps(3), final=0.5)
    with pytest.raises(OptionError, match="schedule is 'cosin': .*did you mean 'cosine'"):
        schedule("cosin")
    with pytest.raises(OptionError, match="the option 'warm' of the schedule 'cosine'"):
        schedule({"name": "cosine", "options": {"warm": 3}})
    with pytest.raises(OptionError, match="stable_decay's warmup is a fraction"):
        schedule({"name": "stable_decay", "options": {"warmup": {"value": 0.1, "unit": "fraction"}}})
