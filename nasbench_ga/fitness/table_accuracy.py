"""Published accuracy as fitness, with the simulated seconds of its training."""

from __future__ import annotations

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness.base import Evaluation, Fitness, FitnessContext, register_fitness
from nasbench_ga.spaces import Genotypes, Space
from nasbench_ga.tables import Table


class TableAccuracy:
    """Looks a metric up.

    Args:
        space: the space of the genotypes.
        table: a table of that space.
        metric: what to look up (see `Table.values`).

    Raises:
        NasbenchError: a table of another space.
        UnknownNameError: the table does not hold the metric.
    """

    def __init__(self, space: Space, table: Table, metric: str) -> None:
        if table.space != space.benchmark:
            raise NasbenchError(f"Table {table.name} is of the space {table.space!r}, not of {space.benchmark!r}.")
        self.space, self.table, self.metric = space, table, metric
        self.values = table.values(metric)
        self.cost = table.cost(metric)

    def __call__(self, genotypes: Genotypes) -> Evaluation:
        """The published values and simulated seconds of valid genotypes, int8, shape (n, genes)."""
        ids = self.space.identify(genotypes)
        return Evaluation(self.values[ids], self.cost.seconds[ids])


@register_fitness("accuracy")
def _accuracy(context: FitnessContext) -> Fitness:
    if context.table is None or context.protocol is None:
        raise NasbenchError("Fitness 'accuracy' looks accuracies up and needs a table; name one with --table.")
    return TableAccuracy(context.space, context.table, context.protocol.search)
