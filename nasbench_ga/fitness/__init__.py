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
from nasbench_ga.fitness.trained import Trained
from nasbench_ga.fitness.trained_settings import TrainedSettings

__all__ = [
    "NASWT",
    "Evaluation",
    "Fitness",
    "FitnessContext",
    "NASWTSettings",
    "TableAccuracy",
    "Trained",
    "TrainedSettings",
    "as_fitness",
    "fitnesses",
    "make_fitness",
    "register_fitness",
]
