"""Genotypes -> numbers: what a search maximises."""

from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, fitnesses, register_fitness
from nasbench_ga.fitness.table_accuracy import TableAccuracy

__all__ = ["Evaluation", "Fitness", "FitnessContext", "TableAccuracy", "fitnesses", "register_fitness"]
