"""Distributions of results over runs: described, tested, and told in words."""

from nasbench_ga.statistics.correlation import RankCorrelation, rank_correlation
from nasbench_ga.statistics.curves import BestSoFar, best_so_far
from nasbench_ga.statistics.effect_size import EffectSize, cliffs_delta, vargha_delaney
from nasbench_ga.statistics.equivalence import equivalent
from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.samples import Sample
from nasbench_ga.statistics.two_samples import brunner_munzel, kolmogorov_smirnov, mann_whitney, wilcoxon

__all__ = [
    "BestSoFar",
    "EffectSize",
    "HypothesisTest",
    "RankCorrelation",
    "Sample",
    "best_so_far",
    "brunner_munzel",
    "cliffs_delta",
    "equivalent",
    "kolmogorov_smirnov",
    "mann_whitney",
    "rank_correlation",
    "vargha_delaney",
    "wilcoxon",
]
