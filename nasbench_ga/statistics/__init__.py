"""Distributions of results over runs: described, tested, and told in words."""

from nasbench_ga.statistics.anytime import area_under_curve
from nasbench_ga.statistics.average_ranks import AverageRanks, average_ranks
from nasbench_ga.statistics.comparison import Comparison, compare
from nasbench_ga.statistics.comparisons import Comparisons, compare_all
from nasbench_ga.statistics.correlation import RankCorrelation, rank_correlation
from nasbench_ga.statistics.curves import BestSoFar, best_so_far
from nasbench_ga.statistics.distribution import EmpiricalDistribution, empirical_distribution
from nasbench_ga.statistics.effect_size import EffectSize, cliffs_delta, vargha_delaney
from nasbench_ga.statistics.equivalence import equivalent
from nasbench_ga.statistics.generations import Generations, by_generation
from nasbench_ga.statistics.holm import corrected, holm
from nasbench_ga.statistics.hypothesis_test import HypothesisTest, p_in_short
from nasbench_ga.statistics.many_samples import friedman, kruskal_wallis
from nasbench_ga.statistics.post_hoc import PostHoc, dunn, nemenyi
from nasbench_ga.statistics.power import mann_whitney_power, noether_repeats, repeats_in_words, repeats_needed
from nasbench_ga.statistics.running_time import RunningTime, expected_running_time
from nasbench_ga.statistics.samples import Sample
from nasbench_ga.statistics.shift import Shift, hodges_lehmann
from nasbench_ga.statistics.trajectories import Clock, Trajectory, shared_span, trajectories
from nasbench_ga.statistics.two_samples import brunner_munzel, kolmogorov_smirnov, mann_whitney, wilcoxon

__all__ = [
    "AverageRanks",
    "BestSoFar",
    "Clock",
    "Comparison",
    "Comparisons",
    "EffectSize",
    "EmpiricalDistribution",
    "Generations",
    "HypothesisTest",
    "PostHoc",
    "RankCorrelation",
    "RunningTime",
    "Sample",
    "Shift",
    "Trajectory",
    "area_under_curve",
    "average_ranks",
    "best_so_far",
    "brunner_munzel",
    "by_generation",
    "cliffs_delta",
    "compare",
    "compare_all",
    "corrected",
    "dunn",
    "empirical_distribution",
    "equivalent",
    "expected_running_time",
    "friedman",
    "hodges_lehmann",
    "holm",
    "kolmogorov_smirnov",
    "kruskal_wallis",
    "mann_whitney",
    "mann_whitney_power",
    "nemenyi",
    "noether_repeats",
    "p_in_short",
    "rank_correlation",
    "repeats_in_words",
    "repeats_needed",
    "shared_span",
    "trajectories",
    "vargha_delaney",
    "wilcoxon",
]
