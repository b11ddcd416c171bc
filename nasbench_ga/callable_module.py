"""Modules that can be called: `nasbench_ga.run(config)` works although `nasbench_ga.run` is also a module."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any


class _CallableModule(types.ModuleType):
    called: Callable[..., Any]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self.called(*arguments, **options)


def make_callable(module: str, function: Callable[..., Any]) -> None:
    """Lets a module be called as the function in it that has its name."""
    own = sys.modules[module]
    own.__class__ = _CallableModule
    own.__dict__["called"] = function
