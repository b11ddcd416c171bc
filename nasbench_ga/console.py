"""What all commands do alike: a user's error is one sentence and a non-zero exit, an interruption is no traceback."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from nasbench_ga.errors import NasbenchError


def guarded(command: Callable[[], None]) -> int:
    """Runs a command and gives its exit status: 0, 1 for a user's error, 130 for an interruption."""
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
    try:
        command()
        sys.stdout.flush()
    except NasbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; give the same command again to go on (a search: with --resume)", file=sys.stderr)
        return 130
    except MemoryError as error:
        print(f"error: there is not enough memory for this ({error}); ask for less at a time", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        return 1
    return 0


def rich_table(*headers: str) -> Any:
    """An empty table for the terminal, whose cells are folded and never cut."""
    from rich import box
    from rich.table import Table

    table = Table(*headers, box=box.SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    return table


def print_table(table: Any) -> None:
    """Prints a table as wide as the terminal, or 160 characters where there is none."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table)
