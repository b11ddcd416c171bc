"""Benchmark-driven neural architecture search: spaces, tables, searches, and statistics of their results.

Importing this package imports numpy and pyarrow and little else; what runs and records studies comes when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import Evaluation, NASWTSettings, TrainedSettings, register_fitness
from nasbench_ga.search import (
    GeneticSettings,
    NASEAFASettings,
    NSGA2Settings,
    RandomSettings,
    Search,
    register_search,
)
from nasbench_ga.spaces import LayerChainSettings, Space, get_space, module_hash, register_space
from nasbench_ga.surrogates import Surrogate, register_surrogate
from nasbench_ga.tables import Table, from_api, open_table

if TYPE_CHECKING:
    from nasbench_ga.compare import CompareConfig, ComparedRecords, compare
    from nasbench_ga.fitness.naswt_score import naswt_score
    from nasbench_ga.run import Result, run
    from nasbench_ga.run_config import RunConfig

__all__ = [
    "CompareConfig",
    "ComparedRecords",
    "Evaluation",
    "GeneticSettings",
    "LayerChainSettings",
    "NASEAFASettings",
    "NASWTSettings",
    "NSGA2Settings",
    "NasbenchError",
    "RandomSettings",
    "Result",
    "RunConfig",
    "Search",
    "Space",
    "Surrogate",
    "Table",
    "TrainedSettings",
    "compare",
    "from_api",
    "get_space",
    "module_hash",
    "naswt_score",
    "open_table",
    "register_fitness",
    "register_search",
    "register_space",
    "register_surrogate",
    "run",
]


_LATER = {
    "CompareConfig": "nasbench_ga.compare",
    "ComparedRecords": "nasbench_ga.compare",
    "compare": "nasbench_ga.compare",
    "Result": "nasbench_ga.run",
    "RunConfig": "nasbench_ga.run_config",
    "naswt_score": "nasbench_ga.fitness.naswt_score",
    "run": "nasbench_ga.run",
}


_CALLABLE = ("compare", "run")
"""Modules that can be called like the function in them that has their name."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'nasbench_ga' has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    return module if name in _CALLABLE else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
