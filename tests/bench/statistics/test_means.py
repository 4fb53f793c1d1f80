from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from priorsr.bench.statistics.means import (
    MeanEstimate,
    estimate_difference,
    estimate_mean,
    intervals,
    moments,
    p_values,
)
from priorsr.bench.statistics.samples import Sample


def method(rng, seeds: int, faces: np.ndarray, *, spread: float, gain: float = 0.0) -> Sample:
    """A method whose seeds differ by `spread`."""
    own = rng.normal(0, 0.2, (seeds, len(faces)))
    return Sample(faces + gain + rng.normal(0, spread, (seeds, 1)) + own)


def checkpoint(values) -> Sample:
    return Sample(np.asarray(values, dtype=float)[None])


# The rule


def test_without_skewness_it_is_students_test() -> None:
    a = np.array([20.0, 22.0, 25.0, 30.0, 31.0])
    b = a - np.array([-0.2, 0.3, 0.1, 0.4, -0.1])  # symmetric about 0.1
    found = estimate_difference(checkpoint(a), checkpoint(b))
    expected = ttest_rel(a, b)
    assert found.skewness == pytest.approx(0, abs=1e-12)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval95 == pytest.approx(tuple(expected.confidence_interval(0.95)))
    back = estimate_difference(checkpoint(b), checkpoint(a))
    assert (back.mean, back.p) == (-found.mean, pytest.approx(found.p))


def test_the_p_value_is_that_of_halls_formula() -> None:
    """Worked through term by term, for the mean of an exponential sample."""
    values = np.random.default_rng(0).exponential(size=40) - 0.7
    n, mean, deviation = 40, values.mean(), values.std(ddof=1)
    skewness = n / ((n - 1) * (n - 2)) * (((values - mean) / deviation) ** 3).sum()
    statistic = math.sqrt(n) * mean / deviation
    a, b = skewness / math.sqrt(n) / 3, skewness / math.sqrt(n) / 6
    transformed = statistic + a * statistic**2 + a**2 * statistic**3 / 3 + b
    found = estimate_mean(checkpoint(values))
    assert found.skewness == pytest.approx(skewness / math.sqrt(n))
    assert found.p == pytest.approx(2 * t.sf(abs(transformed), n - 1))
    assert found.p != pytest.approx(2 * t.sf(abs(statistic), n - 1), rel=0.05)


def test_the_interval_holds_the_true_means_that_are_not_rejected() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.lognormal(size=30), -rng.lognormal(size=12), rng.normal(0, 1, 50), rng.standard_t(3, 100)):
        found = estimate_mean(checkpoint(values))
        for end in found.interval95:
            assert estimate_mean(checkpoint(values - end)).p == pytest.approx(0.05)
        inside, outside = (np.interp(place, (0, 1), found.interval95) for place in (0.01, -0.01))
        low, high = found.interval95
        outside = low - 0.01 * (high - low)
        assert estimate_mean(checkpoint(values - inside)).p > 0.05
        assert estimate_mean(checkpoint(values - outside)).p < 0.05


def test_an_interval_reaches_further_where_the_long_tail_is() -> None:
    values = np.random.default_rng(0).lognormal(size=60)
    found = estimate_mean(checkpoint(values))
    low, high = found.interval95
    assert high - found.mean > 1.2 * (found.mean - low)
    mirrored = estimate_mean(checkpoint(-values)).interval95
    assert mirrored == pytest.approx((-high, -low))


def test_a_hardly_skewed_sample_has_the_interval_of_no_skewness() -> None:
    """The inverse of the cubic is computed without cancellation."""
    for skewness in (0.0, 1e-17, 1e-12, 1e-9, 1e-7, -1e-7):
        found = MeanEstimate(1.0, 2.0, 30.0, skewness, "images")
        assert found.interval95 == pytest.approx((1 - 2 * t.ppf(0.975, 30), 1 + 2 * t.ppf(0.975, 30)), rel=1e-6)


def test_equal_rows_do_not_differ_and_a_constant_shift_surely_does() -> None:
    values = np.array([20.0, 21.5, 23.0, 30.0])
    equal, shifted = (estimate_difference(checkpoint(values + shift), checkpoint(values)) for shift in (0.0, 0.5))
    assert (equal.mean, equal.p, equal.interval95) == (0.0, 1.0, (0.0, 0.0))
    assert (shifted.mean, shifted.p, shifted.interval95, shifted.smallest) == (0.5, 0.0, (0.5, 0.5), 0.0)


def test_two_faces_have_an_interval() -> None:
    found = estimate_mean(checkpoint([1.0, 2.0]))
    assert found.skewness == 0
    assert found.interval95 == pytest.approx((1.5 - 0.5 * t.ppf(0.975, 1), 1.5 + 0.5 * t.ppf(0.975, 1)))


def test_values_of_any_size_are_tested_alike() -> None:
    values = np.random.default_rng(0).lognormal(size=30)
    found = estimate_mean(checkpoint(values))
    for factor in (1e-120, 1e-6, 1e90):
        scaled = estimate_mean(checkpoint(values * factor))
        assert scaled.p == pytest.approx(found.p)
        assert scaled.interval95 == pytest.approx(tuple(factor * end for end in found.interval95))


def test_many_samples_at_once_are_those_of_one_at_a_time() -> None:
    values = np.random.default_rng(0).lognormal(size=(5, 20)) - 1.5
    found = moments(values)
    p, (low, high) = p_values(found), intervals(found)
    for place, one in enumerate(values):
        alone = estimate_mean(checkpoint(one))
        assert (alone.p, alone.interval95) == (pytest.approx(p[place]), pytest.approx((low[place], high[place])))


# Seeds


def residual_mean_square(values: np.ndarray) -> float:
    """Of seeds and images in a two-way layout, term by term."""
    seeds, images = values.shape
    total = sum(
        (values[s, i] - values[s].mean() - values[:, i].mean() + values.mean()) ** 2
        for s in range(seeds)
        for i in range(images)
    )
    return total / ((seeds - 1) * (images - 1))


def test_the_error_over_seeds_is_that_of_two_random_factors() -> None:
    rng = np.random.default_rng(1)
    faces = rng.normal(25, 3, 30)
    a, b = method(rng, 3, faces, spread=0.3), method(rng, 4, faces, spread=0.1)
    differences = a.values.mean(0) - b.values.mean(0)
    of_images = np.var(differences, ddof=1) / 30
    of_seeds = [np.var(row.values.mean(1), ddof=1) / len(row.values) for row in (a, b)]
    both = sum(residual_mean_square(row.values) / row.values.size for row in (a, b))
    added = sum(of_seeds) - both
    error = math.sqrt(of_images + added)
    counted = added / sum(of_seeds) * (of_seeds[0] ** 2 / 2 + of_seeds[1] ** 2 / 3)
    found = estimate_difference(a, b)
    assert found.over == "seeds and images"
    assert (found.error, found.freedom) == (
        pytest.approx(error),
        pytest.approx(error**4 / (of_images**2 / 29 + counted)),
    )
    third = ((differences - differences.mean()) ** 3).sum() / (29 * 28 * 30)
    assert found.skewness == pytest.approx(third / error**3)


def test_seeds_that_differ_by_face_alone_are_counted_once() -> None:
    """The averages of the seeds vary by them already: counted twice, the error is 1.4 times too large."""
    rng = np.random.default_rng(0)
    a, b = (Sample(rng.normal(25, 1, (3, 200))) for _ in range(2))
    found = estimate_difference(a, b)
    assert found.error < 1.15 * math.sqrt(2 / 600)
    assert found.freedom > 10  # where the seeds make all of the difference, 4 are left


def test_a_model_without_training_takes_nothing_from_the_other_ones_seeds() -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, 50)
    ours = method(rng, 3, faces, spread=0.1, gain=1)
    untrained, one_seed = Sample(faces[None], trained=False), Sample(faces[None])
    assert estimate_difference(ours, untrained).over == "seeds and images"
    assert estimate_difference(ours, one_seed).over == "images"
    assert estimate_difference(ours, untrained).error > estimate_difference(ours, one_seed).error
    assert estimate_difference(untrained, untrained).over == "images"


def test_seeds_that_agree_add_nothing() -> None:
    values = np.random.default_rng(0).normal(25, 3, 60)
    one, three = estimate_mean(checkpoint(values)), estimate_mean(Sample(np.stack([values] * 3)))
    assert (one.over, three.over) == ("images", "seeds and images")
    assert three.interval95 == pytest.approx(one.interval95)


def test_a_difference_that_one_pair_of_checkpoints_shows_may_be_the_seeds() -> None:
    """Methods whose seeds differ by more than the methods do, as measured in this field."""
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, 100)
    a, b = (
        Sample(np.stack([faces + shift + rng.normal(0, 0.1, 100) for shift in shifts]))
        for shifts in ((0.0, 0.4, 0.2), (0.1, -0.2, 0.3))
    )
    assert estimate_difference(Sample(a.values[1:2]), Sample(b.values[1:2])).p < 1e-6
    assert estimate_difference(a, b).p > 0.05


def test_pairing_finds_what_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.normal(25, 3, 50)
    ours = theirs + rng.normal(0.1, 0.1, 50)
    low, high = estimate_mean(checkpoint(ours)).interval95
    assert low < theirs.mean() < high
    assert estimate_difference(checkpoint(ours), checkpoint(theirs)).p < 1e-4


# Where nothing can be tested


@pytest.mark.parametrize(
    ("ours", "theirs", "mean"),
    [
        ([math.inf, 2.0, 3.0], [1.0, 2.0, 3.0], math.inf),
        ([1.0, 2.0, 3.0], [math.inf, 2.0, 3.0], -math.inf),
        ([math.inf, 2.0, 3.0], [1.0, math.inf, 3.0], 0.0),  # means that are both infinite
    ],
)
def test_an_infinite_score_leaves_nothing_to_test(ours, theirs, mean) -> None:
    found = estimate_difference(checkpoint(ours), checkpoint(theirs))
    assert (found.mean, found.untested) == (mean, "a score is infinite")
    assert (found.p, found.interval95, found.smallest) == (None, None, None)


def test_images_on_which_both_are_perfect_are_equal() -> None:
    found = estimate_difference(checkpoint([math.inf, 2.0, 3.5]), checkpoint([math.inf, 1.0, 3.0]))
    assert found.untested is None
    assert found.mean == pytest.approx(0.5)


def test_infinite_seeds_leave_nothing_to_test_even_where_both_rows_have_them() -> None:
    a, b = (Sample(np.array([[math.inf, 2.0 + gain, 3.0], [math.inf, 2.5, 3.5]])) for gain in (0.0, 1.0))
    assert estimate_difference(a, b).untested == "a score is infinite"
    assert math.isfinite(estimate_difference(a, b).mean)


def test_one_face_is_not_tested() -> None:
    found = estimate_mean(Sample(np.array([[1.0], [2.0]])))
    assert (found.mean, found.interval95, found.untested) == (1.5, None, "there is one face only")
