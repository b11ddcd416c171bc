"""Whether two sets of runs are the same within a margin."""

from __future__ import annotations

from math import comb

import numpy as np

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.rank_tests import mann_whitney_p, wilcoxon_p
from nasbench_ga.statistics.samples import Runs, Sample, as_pair, significant


def equivalent(first: Runs, second: Runs, margin: float, *, paired: bool = False) -> HypothesisTest:
    """Two one-sided rank tests (TOST): are two sets of runs the same within a margin?

    They are where runs of the first tend to be higher than those of the second once the margin is added to them, and
    lower once it is taken off; both have to be shown, so the p-value is the larger of the two. A difference that is
    not significant shows no sameness; this test does. The one-sided tests are Mann-Whitney's, which need no normal
    distribution and no variance (runs that all find the optimum have none); Wilcoxon's of pairs.

    Args:
        first: runs, shape (n,).
        second: runs, shape (m,).
        margin: the smallest difference that would matter, in the unit of the runs.
        paired: whether run i of one belongs with run i of the other.

    Raises:
        NasbenchError: no positive margin, fewer than two runs, one without a finite number, or pairs of different
            lengths.

    Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for assessing the
    equivalence of average bioavailability", 1987; with rank tests: Caldwell, "Exploring equivalence testing with the
    updated TOSTER R package", 2022 (wilcox_TOST).
    """
    a, b = as_pair(first, second, paired=paired)
    if not (np.isfinite(margin) and margin > 0):
        raise NasbenchError(
            f"Expected a positive margin within which runs count as the same, got {margin}: give the smallest "
            f"difference that would matter, in the unit of the runs (0.1 for a tenth of a per cent)."
        )
    above, below = _one_sided_paired(a, b, margin) if paired else _one_sided(a, b, margin)
    statistic, p_value = max(above, below, key=lambda found: found[1])
    return HypothesisTest(
        name=f"Equivalence by two one-sided {'Wilcoxon signed-rank' if paired else 'Mann-Whitney U'} tests",
        symbol="W+" if paired else "U",
        statistic=statistic,
        p_value=p_value,
        runs=(len(a), len(b)),
        question=f"{a.name} and {b.name} are the same within {margin:g}",
        shown=f"they are the same within {margin:g}",
        not_shown="that is not shown, which is not to say that they differ",
        smallest=0.5 ** len(a) if paired else 1 / comb(len(a) + len(b), len(a)),
    )


def _one_sided(first: Sample, second: Sample, margin: float) -> list[tuple[float, float]]:
    """Statistics and p-values: of the first being higher with the margin, and lower without it."""
    scale = _scale(first, second, margin)
    raised, lowered = (significant(first.values + shift, scale) for shift in (margin, -margin))
    other = significant(second.values, scale)
    found = mann_whitney_p(raised, other, "greater"), mann_whitney_p(lowered, other, "less")
    return [(float(statistic), float(p_value)) for statistic, p_value in found]


def _one_sided_paired(first: Sample, second: Sample, margin: float) -> list[tuple[float, float]]:
    """The same of the differences of pairs."""
    differences, scale = first.values - second.values, _scale(first, second, margin)
    raised, lowered = (significant(differences + shift, scale) for shift in (margin, -margin))
    return [wilcoxon_p(raised, "greater"), wilcoxon_p(lowered, "less")]


def _scale(first: Sample, second: Sample, margin: float) -> float:
    return max(float(np.abs(first.values).max()), float(np.abs(second.values).max()), margin)
