from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from priorsr.bench.statistics.signed_ranks import p_of_ranks


def test_it_is_scipys_test() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1, 40)
    assert p_of_ranks(differences) == pytest.approx(wilcoxon(differences).pvalue)
    assert p_of_ranks(-differences) == pytest.approx(p_of_ranks(differences))


def test_equal_rows_and_infinite_differences_have_a_p_value_too() -> None:
    assert p_of_ranks(np.zeros(30)) == 1
    assert p_of_ranks(np.full(30, math.inf)) < 1e-5


def test_it_rejects_a_mean_of_zero_where_few_faces_gain_much() -> None:
    """Why it decides nothing: of 40 sets whose true mean difference is zero, it calls nearly all different."""
    rng = np.random.default_rng(0)
    sets = 0.9 * (rng.random((40, 1000)) < 0.12) - 0.108 + rng.normal(0, 0.1, (40, 1000))
    assert sum(p_of_ranks(differences) < 0.05 for differences in sets) >= 38
