"""Wilcoxon's signed-rank test, which is shown beside the verdict and does not affect it.

It tests whether differences are symmetric about zero, not whether their mean is zero: if a method gains much on a
few faces and loses a little on the others, it nearly always rejects, even a mean of zero.
"""

from __future__ import annotations

import numpy as np

from priorsr.files import require_extra


def p_of_ranks(differences: np.ndarray) -> float:
    """Return Wilcoxon's two-sided p-value of differences (images,); 1 where all are zero."""
    require_extra("scipy", "bench")
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue) if differences.any() else 1.0
