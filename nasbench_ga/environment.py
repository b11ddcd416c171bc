"""What a run ran on, for its record."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

_PACKAGES = (
    *("nasbench-ga", "numpy", "pandas", "pyarrow", "scipy"),
    *("lightgbm", "scikit-learn", "torch", "torch-geometric", "xgboost", "xgboost-cpu"),
)


def environment() -> dict[str, Any]:
    """Versions, machine, commit and time, as JSON."""
    return {
        "command": sys.argv,
        "commit": _commit(),
        "cores": os.cpu_count(),
        "machine": platform.platform(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "python": platform.python_version(),
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def processor_name() -> str:
    """What the processor calls itself."""
    try:
        described = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        described = None
    return described[1] if described else platform.processor() or platform.machine()


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the checkout this package runs from, with `-dirty` for changes; None outside one."""
    command = [
        "git",
        "-C",
        str(Path(__file__).parent),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
