"""Where published files are looked for, and where they are put."""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT_VARIABLE = "NASBENCH_GA_DATA"
DATA_FOLDER = Path("data")


def search_folders() -> list[Path]:
    """The folders of `$NASBENCH_GA_DATA` and `data/`, in the order in which they are searched."""
    named = os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep)
    return [*(Path(folder) for folder in named if folder), DATA_FOLDER]
