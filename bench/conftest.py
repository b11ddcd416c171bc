"""What the benchmarks share: published tables where there are any, a compact copy of one, and a full-size file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga import get_space, open_table
from nasbench_ga.spaces import Space
from nasbench_ga.tables import Table, convert


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """Finds a published file by its name in a folder of NASBENCH_GA_DATA; skips the benchmark if it is nowhere."""

    def find(name: str) -> Path:
        folders = [Path(folder) for folder in os.environ.get("NASBENCH_GA_DATA", "").split(os.pathsep) if folder]
        found = next((folder / name for folder in folders if (folder / name).exists()), None)
        if found is None:
            pytest.skip(f"needs {name} in a folder of NASBENCH_GA_DATA")
        return found.resolve()

    return find


@pytest.fixture(scope="session")
def means(published: Callable[[str], Path]) -> Path:
    """The published means of all NAS-Bench-101 cells, as parquet."""
    return published("nb101_108.parquet")


@pytest.fixture(scope="session")
def compact(means: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a compact table file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("compact"))
        return convert("nb101", means).resolve()


@pytest.fixture(scope="session")
def table(compact: Path) -> Table:
    """The same, opened."""
    return open_table("nb101", compact)


@pytest.fixture(scope="session")
def nb101() -> Space:
    """The NAS-Bench-101 space, its look-up tables read already."""
    space = get_space("nb101")
    space.features(space.enumerate()[:1])
    return space


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of its own for every benchmark, always the same."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def full_size_file(means: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file as big as the official `nasbench_only108.tfrecord`, its results made up; deleted afterwards."""
    from tests.support import nasbench101_file

    path = tmp_path_factory.mktemp("official") / "all_cells.tfrecord"
    nasbench101_file.write(path, nasbench101_file.published_cells(means))
    yield path
    path.unlink()
