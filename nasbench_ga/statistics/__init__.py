"""Distributions of results over runs."""

from nasbench_ga.statistics.correlation import RankCorrelation, rank_correlation
from nasbench_ga.statistics.curves import BestSoFar, best_so_far

__all__ = ["BestSoFar", "RankCorrelation", "best_so_far", "rank_correlation"]
