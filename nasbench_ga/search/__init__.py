"""Ask/tell search algorithms, one file each. They know spaces, and neither tables nor torch."""

from nasbench_ga.search.base import Search, register_search, searches
from nasbench_ga.search.genetic import Genetic, GeneticSettings
from nasbench_ga.search.random_search import RandomSearch, RandomSettings

__all__ = [
    "Genetic",
    "GeneticSettings",
    "RandomSearch",
    "RandomSettings",
    "Search",
    "register_search",
    "searches",
]
