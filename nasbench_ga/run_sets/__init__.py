"""Sets of runs, each read from a record, and what is to be said of several of them together."""

from nasbench_ga.run_sets.page import as_page
from nasbench_ga.run_sets.run_set import FITNESS, RunSet
from nasbench_ga.run_sets.together import How, Together, at_the_optimum, compare_sets
from nasbench_ga.run_sets.writing import NUMBERS, REPORT, write_comparison

__all__ = [
    "FITNESS",
    "NUMBERS",
    "REPORT",
    "How",
    "RunSet",
    "Together",
    "as_page",
    "at_the_optimum",
    "compare_sets",
    "write_comparison",
]
