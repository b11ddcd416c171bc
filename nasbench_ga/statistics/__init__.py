"""Distributions of results over runs."""

from nasbench_ga.statistics.curves import BestSoFar, best_so_far

__all__ = ["BestSoFar", "best_so_far"]
