"""Ask/tell search algorithms, one file each. They know spaces and surrogates, and neither tables nor torch."""

from nasbench_ga.search.base import Search, UsualBudget, register_search, searches
from nasbench_ga.search.genetic import Genetic, GeneticSettings
from nasbench_ga.search.nas_ea_fa import NASEAFA
from nasbench_ga.search.nas_ea_fa_settings import NASEAFASettings
from nasbench_ga.search.nsga_ii import NSGA2, NSGA2Settings
from nasbench_ga.search.random_search import RandomSearch, RandomSettings

__all__ = [
    "NASEAFA",
    "NSGA2",
    "Genetic",
    "GeneticSettings",
    "NASEAFASettings",
    "NSGA2Settings",
    "RandomSearch",
    "RandomSettings",
    "Search",
    "UsualBudget",
    "register_search",
    "searches",
]
