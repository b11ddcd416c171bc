"""What all commands do alike: a user's error is one sentence and a non-zero exit, an interruption is no traceback."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable

from nasbench_ga.errors import NasbenchError


def guarded(command: Callable[[], None]) -> int:
    """Runs a command and gives its exit status: 0, 1 for a user's error, 130 for an interruption."""
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    try:
        command()
    except NasbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; give the same command again to go on (a search: with --resume)", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
