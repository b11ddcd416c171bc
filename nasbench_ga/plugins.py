"""Python files of a user's own, which register spaces, fitnesses, searches and surrogates."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import sha256

_loaded: dict[str, Path] = {}


def load_plugin(path: Path) -> str:
    """Runs a user's file once, and gives its SHA-256.

    Raises:
        NasbenchError: there is no such file, or it fails.
    """
    if not path.is_file() or path.suffix != ".py":
        raise NasbenchError(f"--load expects Python files, and {path} is none.")
    digest = sha256(path)
    name = f"nasbench_ga_plugin_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if name not in sys.modules and spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise NasbenchError(f"{path} fails when it is loaded: {type(error).__name__}: {error}.") from error
    _loaded[name] = path.resolve()
    return digest


def loaded_plugins() -> Sequence[Path]:
    """The files that this process has loaded, in that order; another process that loads them has the same names."""
    return tuple(_loaded.values())
