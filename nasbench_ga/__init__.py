"""Benchmark-driven neural architecture search: spaces, tables, searches, and statistics of their results.

Importing this package is fast; what a name needs is imported when the name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench_ga.errors import NasbenchError
    from nasbench_ga.fitness import Evaluation, register_fitness
    from nasbench_ga.run import Result, RunConfig, run
    from nasbench_ga.search import Search, register_search
    from nasbench_ga.spaces import Space, get_space, module_hash, register_space
    from nasbench_ga.tables import Table, from_api, open_table

_HOMES = {
    "Evaluation": "fitness",
    "NasbenchError": "errors",
    "Result": "run",
    "RunConfig": "run",
    "Search": "search",
    "Space": "spaces",
    "Table": "tables",
    "from_api": "tables",
    "get_space": "spaces",
    "module_hash": "spaces",
    "open_table": "tables",
    "register_fitness": "fitness",
    "register_search": "search",
    "register_space": "spaces",
}

__all__ = [
    "Evaluation",
    "NasbenchError",
    "Result",
    "RunConfig",
    "Search",
    "Space",
    "Table",
    "from_api",
    "get_space",
    "module_hash",
    "open_table",
    "register_fitness",
    "register_search",
    "register_space",
    "run",
]


def __getattr__(name: str) -> Any:
    if name == "run":  # the module, which can be called like the function in it
        return importlib.import_module("nasbench_ga.run")
    if name in _HOMES:
        return getattr(importlib.import_module(f"nasbench_ga.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'nasbench_ga' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
