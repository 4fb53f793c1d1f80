from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_rel, wilcoxon

from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.significance import Pair, compare_samples, holm


def pair(ours, theirs, **trained: bool) -> Pair:
    """Of rows (seeds, images), or (images) for one checkpoint each."""
    (found,) = compare_samples([(Sample(np.atleast_2d(ours)), Sample(np.atleast_2d(theirs), **trained))])
    return found


def method(rng, seeds: int, faces: np.ndarray, *, spread: float, gain: float = 0.0) -> np.ndarray:
    """A method's scores, whose seeds differ by `spread`."""
    own = rng.normal(0, 0.2, (seeds, len(faces)))
    return faces + gain + rng.normal(0, spread, (seeds, 1)) + own


# Each test against SciPy's, and against each other


@pytest.mark.parametrize("images", [7, 12, 40, 120])
def test_two_checkpoints_are_tested_as_scipy_does(images) -> None:
    rng = np.random.default_rng(images)
    a = rng.normal(25, 3, images)
    b = a - rng.normal(0.3, 1, images)
    found = pair(a, b)
    assert found.p_mean == pytest.approx(ttest_rel(a, b).pvalue)
    assert found.p_ranks == pytest.approx(wilcoxon(a, b).pvalue)
    assert found.p == max(found.p_mean, found.p_ranks)
    assert not found.over_seeds
    back = pair(b, a)
    assert (back.mean, back.p) == (-found.mean, pytest.approx(found.p))


def test_zeros_and_ties_do_not_change_how_other_pairs_are_tested() -> None:
    rng = np.random.default_rng(0)
    plain, tied = rng.normal(0.3, 1, (2, 20))
    tied[:3] = 0
    tied[4] = tied[5]
    none = Sample(np.zeros((1, 20)))
    together = compare_samples([(Sample(plain[None]), none), (Sample(tied[None]), none)])
    alone = [pair(plain, none.values), pair(tied, none.values)]
    assert [found.p_ranks for found in together] == [found.p_ranks for found in alone]
    assert alone[0].p_ranks == pytest.approx(wilcoxon(plain, method="exact").pvalue)


def test_a_mean_that_a_few_faces_make_is_not_enough() -> None:
    differences = np.full(40, -0.1) + np.linspace(-0.01, 0.01, 40)
    differences[:6] = 8.0
    found = pair(25 + differences, np.full(40, 25.0))
    assert found.mean > 1
    assert found.p_mean < 0.05
    assert found.p_ranks > 0.5


def test_equal_rows_do_not_differ_and_a_constant_shift_surely_does() -> None:
    values = np.random.default_rng(0).normal(25, 3, 30)
    assert pair(values, values).p == 1
    shifted = pair(values + 1, values)
    assert shifted.p == shifted.p_ranks < 1e-5
    assert shifted.smallest == pytest.approx(0)


def test_where_values_are_infinite_the_ranks_decide() -> None:
    values = np.random.default_rng(0).normal(25, 3, 30)
    oracle = pair(np.full(30, math.inf), values)
    assert math.isnan(oracle.p_mean)
    assert math.isnan(oracle.smallest)
    assert oracle.p < 1e-5
    assert pair(np.full(30, math.inf), np.full(30, math.inf)).p == 1


# Seeds


def test_a_model_without_training_takes_nothing_from_the_other_ones_seeds() -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, 50)
    ours = method(rng, 3, faces, spread=0.1, gain=1)
    assert pair(ours, faces, trained=False).over_seeds
    assert not pair(ours, faces).over_seeds
    assert pair(ours, faces, trained=False).error > pair(ours, faces).error
    assert not pair(faces, faces).over_seeds


def test_the_error_over_seeds_is_welchs_with_the_faces_beside() -> None:
    rng = np.random.default_rng(1)
    faces = rng.normal(25, 3, 30)
    a, b = method(rng, 3, faces, spread=0.3), method(rng, 4, faces, spread=0.1)
    parts = [np.var(a.mean(0) - b.mean(0), ddof=1) / 30, *(np.var(x.mean(1), ddof=1) / len(x) for x in (a, b))]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 29 + parts[1] ** 2 / 2 + parts[2] ** 2 / 3)
    found = pair(a, b)
    assert found.over_seeds
    assert (found.error, found.freedom) == (pytest.approx(math.sqrt(sum(parts))), pytest.approx(freedom))


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_two_methods_that_are_alike_are_told_apart_in_at_most_one_of_twenty(seeds, spread) -> None:
    rng = np.random.default_rng(seeds)
    couples = []
    for _ in range(400):
        faces = rng.normal(25, 3, 40)
        couples.append(tuple(Sample(method(rng, seeds, faces, spread=spread)) for _ in range(2)))
    wrong = sum(found.p < 0.05 for found in compare_samples(couples))
    assert wrong <= 0.05 * 400 + 2 * math.sqrt(400 * 0.05 * 0.95)


def test_by_faces_alone_two_seeds_of_one_method_are_nearly_always_told_apart() -> None:
    """Why one checkpoint each says nothing of methods."""
    rng = np.random.default_rng(0)
    couples = []
    for _ in range(100):
        faces = rng.normal(25, 3, 100)
        couples.append(tuple(Sample(method(rng, 1, faces, spread=0.2)) for _ in range(2)))
    assert sum(found.p < 0.05 for found in compare_samples(couples)) > 75


# Holm, and the smallest difference


def test_holms_correction_is_that_of_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_false_alarms_of_a_whole_table_at_one_in_twenty() -> None:
    rng = np.random.default_rng(0)
    draws = rng.uniform(size=(2000, 10))
    assert 70 <= sum(min(holm(draw.tolist())) < 0.05 for draw in draws) <= 130
    assert sum(min(draw) < 0.05 for draw in draws) > 700


@pytest.mark.parametrize(("seeds", "spread", "least"), [(1, 0.0, 0.74), (3, 0.1, 0.66), (5, 0.2, 0.72)])
def test_the_smallest_difference_is_found_in_four_of_five_sets(seeds, spread, least) -> None:
    """The true error is known here: 80 % of sets with a difference of that size must show it, by both tests.

    With few seeds it is somewhat less, since the degrees of freedom are estimated too.
    """
    from scipy.stats import t

    rng = np.random.default_rng(seeds)
    images, draws = 60, 500
    error = math.sqrt(2 * 0.2**2 / images / seeds + 2 * spread**2 / seeds)
    freedom = images - 1 if seeds == 1 else 2 * (seeds - 1)  # where seeds vary, they are nearly all of the error
    gain = (t.ppf(0.975, freedom) + t.ppf(0.8, freedom)) * error
    couples = []
    for _ in range(draws):
        faces = rng.normal(25, 3, images)
        ours, theirs = (method(rng, seeds, faces, spread=spread, gain=own) for own in (gain, 0.0))
        couples.append((Sample(ours), Sample(theirs)))
    found = compare_samples(couples)
    shown = sum(one.p < 0.05 for one in found) / draws
    assert least <= shown <= 0.86
    assert np.median([one.smallest for one in found]) == pytest.approx(gain, rel=0.15)


def test_two_rows_that_are_perfect_on_different_faces_are_not_told_apart() -> None:
    values = np.linspace(20, 30, 30)
    ours, theirs = values.copy(), values + 1
    ours[:20], theirs[20:] = math.inf, math.inf
    found = pair(ours, theirs)
    assert (found.mean, found.p) == (0.0, 1.0)
    assert pair(theirs, ours).p == 1.0
