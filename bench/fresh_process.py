"""Runs a piece of Python in a fresh process that times itself and tells its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# The peak is the kernel's of this program alone; ru_maxrss would also count the process that started it.
_PEAK = """
def _peak():
    import resource, sys
    try:
        with open("/proc/self/status") as status:
            return int(status.read().split("VmHWM:")[1].split()[0]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
told["peak"] = _peak()
import json
print(json.dumps(told))
"""


class ReportedClock:
    """A timer for pytest-benchmark that stands still but for the seconds a child process reported."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(code: str, *arguments: object, folder: Path) -> dict[str, Any]:
    """What `code` put into its dictionary `told`, and under "peak" the process's peak memory in bytes.

    Modules stay compiled from one process to the next, as they do for users, whatever the environment says.

    Args:
        code: Python; it finds `clock` (seconds) and the list `arguments` (strings).
        arguments: whatever `code` needs to know.
        folder: where it runs.
    """
    whole = f"import sys\nfrom time import perf_counter as clock\narguments, told = sys.argv[1:], {{}}\n{code}\n{_PEAK}"
    command = [sys.executable, "-c", whole, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def megabytes(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e6:,.0f} MB"
