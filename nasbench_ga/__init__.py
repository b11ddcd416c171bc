"""Benchmark-driven neural architecture search: spaces, tables, searches, and statistics of their results.

Importing this package imports numpy and pyarrow and little else; what runs and records studies comes when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import Evaluation, NASWTSettings, register_fitness
from nasbench_ga.search import GeneticSettings, NASEAFASettings, RandomSettings, Search, register_search
from nasbench_ga.spaces import Space, get_space, module_hash, register_space
from nasbench_ga.surrogates import Surrogate, register_surrogate
from nasbench_ga.tables import Table, from_api, open_table

if TYPE_CHECKING:
    from nasbench_ga.fitness.naswt_score import naswt_score
    from nasbench_ga.run import Result, RunConfig, run

__all__ = [
    "Evaluation",
    "GeneticSettings",
    "NASEAFASettings",
    "NASWTSettings",
    "NasbenchError",
    "RandomSettings",
    "Result",
    "RunConfig",
    "Search",
    "Space",
    "Surrogate",
    "Table",
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
    "Result": "nasbench_ga.run",
    "RunConfig": "nasbench_ga.run",
    "naswt_score": "nasbench_ga.fitness.naswt_score",
    "run": "nasbench_ga.run",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'nasbench_ga' has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    return module if name == "run" else getattr(module, name)  # the module can be called like the function in it


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
