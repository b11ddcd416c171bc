"""What every test shares: where published files lie, and how hypothesis searches."""

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "local"))


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """Finds a published file by its name relative to a folder of NASBENCH_GA_DATA.

    A test whose file is nowhere is skipped; with NASBENCH_GA_REQUIRE_DATA set it fails.
    """

    def find(name: str) -> Path:
        folders = [Path(folder) for folder in os.environ.get("NASBENCH_GA_DATA", "").split(os.pathsep) if folder]
        found = next((folder / name for folder in folders if (folder / name).exists()), None)
        if found is None:
            give_up = pytest.fail if os.environ.get("NASBENCH_GA_REQUIRE_DATA") else pytest.skip
            give_up(f"needs {name} in a folder of NASBENCH_GA_DATA")
        return found

    return find
