"""Published accuracy as fitness, with the simulated seconds of its training."""

from __future__ import annotations

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, register_fitness
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.tables import Table


class TableAccuracy(Fitness):
    """Looks a metric up.

    Args:
        space: the space of the genotypes.
        table: a table of that space.
        metric: what to look up (see `Table.values`).

    Raises:
        NasbenchError: a table of another space.
        UnknownNameError: the table does not hold the metric.
    """

    by_identity = True

    def __init__(self, space: Space, table: Table, metric: str) -> None:
        table.check_space(space)
        cost = table.cost(metric)
        self.space, self.metric, self.seconds_are = space, metric, cost.meaning
        self.values, self.seconds = table.values(metric), cost.seconds

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """The published values and simulated seconds of valid genotypes, int8, shape (n, genes)."""
        ids = self.space.identify(genotypes)
        return Evaluation(self.values[ids], self.seconds[ids])


@register_fitness("accuracy")
def _accuracy(context: FitnessContext) -> Fitness:
    if context.table is None or context.objective is None:
        raise NasbenchError("Fitness 'accuracy' looks accuracies up and needs a table; name one with --table.")
    return TableAccuracy(context.space, context.table, context.objective.search)
