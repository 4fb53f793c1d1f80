from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from priorsr.bench.statistics import seeds
from priorsr.bench.statistics.bootstrap import mean_interval
from priorsr.bench.statistics.seeds import difference_over_seeds, over_seeds
from priorsr.errors import PriorsrError


def runs(values) -> list[dict[str, float]]:
    """A method's runs of an array (seeds, images)."""
    return [{f"face-{image:03}": float(value) for image, value in enumerate(run)} for run in np.asarray(values)]


def draw(rng, seeds_: int, images: int, *, spread: float) -> np.ndarray:
    """Scores with an effect of the seed, and one of seed and image together."""
    return rng.normal(0, spread, (seeds_, 1)) + rng.normal(0, 0.2, (seeds_, images))


# Against independent computations


def widened(values: list[list[float]], factor: float) -> list[list[float]]:
    means = [sum(run) / len(run) for run in values]
    whole = sum(means) / len(means)
    return [[value + (factor - 1) * (mean - whole) for value in run] for run, mean in zip(values, means, strict=True)]


def test_the_interval_is_that_of_all_possible_resamples(monkeypatch) -> None:
    """Two seeds and three images can be resampled in 4 * 27 ways: the interval's ends are quantiles of those."""
    values = [[20.0, 23.0, 30.0], [21.0, 23.5, 30.2]]
    student = 12.706204736432095 / 1.959963984540054 * math.sqrt(2)  # t with one degree of freedom; n / (n - 1)
    wide = widened(values, student)
    means = sorted(
        sum(wide[s][i] for s in drawn for i in images) / 6
        for drawn in itertools.product(range(2), repeat=2)
        for images in itertools.product(range(3), repeat=3)
    )
    estimate = over_seeds(runs(values))
    assert estimate.mean == pytest.approx(np.mean(values))
    assert estimate.over == "seeds and images"
    step = max(b - a for a, b in itertools.pairwise(means))
    assert estimate.interval95 == pytest.approx(np.quantile(means, (0.025, 0.975)), abs=step / 2)


def test_the_difference_is_that_of_a_slow_bootstrap() -> None:
    """Loops over single draws, with Welch and Satterthwaite's degrees of freedom worked out beside."""
    rng = np.random.default_rng(1)
    faces = rng.normal(25, 3, 12)
    a, b = (faces + draw(rng, count, 12, spread=0.1) for count in (3, 4))
    parts = [np.var(x.mean(1), ddof=1) / len(x) for x in (a, b)]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 3)
    assert 2 < freedom < 5
    student = np.interp(freedom, (2, 3, 4, 5), (4.303, 3.182, 2.776, 2.571)) / 1.96  # of a printed table
    wide = [widened(x.tolist(), student * math.sqrt(len(x) / (len(x) - 1))) for x in (a, b)]
    dice = random.Random(0)
    found = []
    for _ in range(4000):
        images = [dice.randrange(12) for _ in range(12)]
        ours, theirs = (np.mean([[x[s][i] for i in images] for s in (dice.randrange(len(x)) for _ in x)]) for x in wide)
        found.append(ours - theirs)
    difference = difference_over_seeds(runs(a), runs(b))
    low, high = difference.interval95
    assert difference.mean == pytest.approx(a.mean() - b.mean())
    assert (low, high) == pytest.approx(np.quantile(found, (0.025, 0.975)), abs=0.06 * (high - low))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_about_95_of_100_intervals_hold_the_truth(count: int, monkeypatch) -> None:
    """For a mean, and for a difference of methods that share faces, whose scores vary much more than the seeds."""
    monkeypatch.setattr(seeds, "RESAMPLES", 800)
    rng = np.random.default_rng(count)
    held = [0, 0]
    for _ in range(150):
        faces = rng.normal(0, 3, 40)
        plain = draw(rng, count, 40, spread=0.3)
        a, b = (faces + draw(rng, count, 40, spread=0.1) for _ in range(2))
        for place, (low, high) in enumerate(
            (over_seeds(runs(plain)).interval95, difference_over_seeds(runs(a), runs(b)).interval95)
        ):
            held[place] += low <= 0 <= high
    assert min(held) >= 135


# What the intervals mean


def test_seeds_that_agree_on_every_image_add_nothing() -> None:
    values = np.random.default_rng(0).normal(25, 3, 60)
    low, high = over_seeds(runs([values] * 3)).interval95
    once = mean_interval(values)
    assert (low, high) == pytest.approx(once, abs=0.05 * (once[1] - once[0]))


def test_a_difference_that_one_pair_of_checkpoints_shows_may_be_the_seeds() -> None:
    """Methods whose seeds differ by more than the methods do, as measured in this field."""
    faces = np.random.default_rng(0).normal(25, 3, 100)
    a, b = ([faces + shift for shift in shifts] for shifts in ((0.0, 0.4, 0.2), (0.1, -0.2, 0.3)))
    assert difference_over_seeds(runs(a)[1:2], runs(b)[1:2]).distinguishable
    assert not difference_over_seeds(runs(a), runs(b)).distinguishable


def test_what_all_seeds_agree_on_is_distinguishable() -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, 60)
    a, b = faces + 0.5 + draw(rng, 3, 60, spread=0.05), faces + draw(rng, 3, 60, spread=0.05)
    difference = difference_over_seeds(runs(a), runs(b))
    assert difference.distinguishable
    assert difference.over == "seeds and images"


@pytest.mark.parametrize("counts", [(1, 1), (1, 3), (3, 1)])
def test_with_one_seed_it_is_about_these_checkpoints(counts) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(25, 3, (count, 20)) for count in counts)
    difference = difference_over_seeds(runs(a), runs(b))
    assert difference.over == "images"
    differences = a.mean(0) - b.mean(0)
    assert difference.mean == pytest.approx(differences.mean())
    assert difference.interval95 == pytest.approx(mean_interval(differences))


def test_pairing_sees_what_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.normal(25, 3, 50)
    ours = theirs + rng.normal(0.1, 0.1, 50)
    low, high = mean_interval(ours)
    assert low < theirs.mean() < high
    assert difference_over_seeds(runs([ours]), runs([theirs])).distinguishable
    assert not difference_over_seeds(runs([[1.0, 2.0, 3.0]]), runs([[2.0, 2.0, 2.0]])).distinguishable


def test_one_run_has_the_interval_over_images() -> None:
    values = np.random.default_rng(0).normal(25, 3, 20)
    assert over_seeds(runs([values])).interval95 == mean_interval(values)
    assert over_seeds(runs([values])).over == "images"


def test_it_is_repeatable_and_its_seed_matters() -> None:
    a, b = (runs(np.random.default_rng(i).normal(25, 3, (3, 20))) for i in (0, 1))
    assert difference_over_seeds(a, b, 3) == difference_over_seeds(a, b, 3)
    assert difference_over_seeds(a, b, 3) != difference_over_seeds(a, b, 4)


def test_images_are_paired_by_id_not_by_order() -> None:
    ours = [{"a": 20.5, "b": 30.5}, {"b": 30.5, "a": 20.5}]
    theirs = [{"b": 30.0, "a": 20.0}, {"a": 20.0, "b": 30.0}]
    assert difference_over_seeds(ours, theirs).interval95 == pytest.approx((0.5, 0.5))


def test_no_interval_where_there_is_none() -> None:
    assert over_seeds(runs([[1.0], [2.0]])).interval95 is None
    assert over_seeds(runs([[1.0, math.inf], [2.0, 3.0]])).interval95 is None
    difference = difference_over_seeds(runs([[math.inf, 2.0]] * 2), runs([[math.inf, 1.0]] * 2))
    assert (difference.mean, difference.interval95) == (0.5, None)


def test_images_that_only_some_runs_have_are_refused() -> None:
    for ours, theirs in (([{"a": 1.0}], [{"a": 1.0, "b": 2.0}]), ([{"a": 1.0, "b": 2.0}, {"a": 1.0}], [{"a": 1.0}])):
        with pytest.raises(PriorsrError, match="the image 'b' is scored in some runs only"):
            difference_over_seeds(ours, theirs)


def test_means_that_are_both_infinite_differ_by_nothing() -> None:
    difference = difference_over_seeds(runs([[math.inf, 2.0, 3.0]]), runs([[1.0, math.inf, 3.0]]))
    assert (difference.mean, difference.interval95, difference.distinguishable) == (0.0, None, False)
