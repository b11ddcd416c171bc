"""What is already known: published training results by look-up. Needs no torch."""

from nasbench_ga.tables.catalog import CATALOG, Publication
from nasbench_ga.tables.contents import Column, TableContents
from nasbench_ga.tables.metrics import Metric, is_accuracy
from nasbench_ga.tables.objectives import Objective, choose_objective, searched_datasets
from nasbench_ga.tables.opening import (
    Source,
    convert,
    find,
    find_for_space,
    from_api,
    open_source,
    open_table,
)
from nasbench_ga.tables.table import Cost, Table

__all__ = [
    "CATALOG",
    "Column",
    "Cost",
    "Metric",
    "Objective",
    "Publication",
    "Source",
    "Table",
    "TableContents",
    "choose_objective",
    "convert",
    "find",
    "find_for_space",
    "from_api",
    "is_accuracy",
    "open_source",
    "open_table",
    "searched_datasets",
]
