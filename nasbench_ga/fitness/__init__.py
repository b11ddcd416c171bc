"""Genotypes -> numbers: what a search maximises."""

from nasbench_ga.fitness.base import (
    Evaluation,
    Fitness,
    FitnessContext,
    as_fitness,
    fitnesses,
    make_fitness,
    register_fitness,
)
from nasbench_ga.fitness.naswt import NASWT, NASWTSettings
from nasbench_ga.fitness.table_accuracy import TableAccuracy

__all__ = [
    "NASWT",
    "Evaluation",
    "Fitness",
    "FitnessContext",
    "NASWTSettings",
    "TableAccuracy",
    "as_fitness",
    "fitnesses",
    "make_fitness",
    "register_fitness",
]
