"""How fast NAS-EA-FA runs on nb101: with XGBoost, with a GCN, many times over, and its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import fresh_process, plain_nas_ea_fa
from nasbench_ga.fitness import TableAccuracy
from nasbench_ga.search import NASEAFA, NASEAFASettings
from nasbench_ga.search.operators import smallest_distance
from nasbench_ga.spaces import Space
from nasbench_ga.study import Budget, Study
from nasbench_ga.surrogates import surrogates
from nasbench_ga.tables import Table

METRIC = "cifar10/test/108"
EVALUATIONS, CYCLES = 500, 10
RUNS = "one run of NAS-EA-FA on nb101: 10 cycles, 500 evaluations, pools of 1,000"
MANY = "80 runs of NAS-EA-FA on nb101"
REPEATS = 80

MANY_RUNS = """
from pathlib import Path
import nasbench_ga as ng
table, repeats, workers = arguments
config = ng.RunConfig(space="nb101", table=table, algorithm="nas-ea-fa", repeats=int(repeats), workers=int(workers),
                      results=Path("record"))
start = clock()
result = ng.run(config)
told["seconds"] = clock() - start
told["found"] = result.evaluations["id"].tolist()
"""

reported = fresh_process.ReportedClock()


def search(space: Space, table: Table, surrogate: str, seed: int = 0) -> float:
    """One run; gives the highest accuracy found."""
    settings = NASEAFASettings(surrogate=surrogate)
    fitness = TableAccuracy(space, table, METRIC)
    study = Study(space, fitness, lambda rng: NASEAFA(space, rng, settings), 1, seed, Budget(EVALUATIONS))
    best = -np.inf
    while not study.finished:
        best = max(best, study.advance().value.max())
    return float(best)


@pytest.mark.parametrize(("surrogate", "goal", "rounds"), [("xgboost", 1.2, 5), ("gcn", 60, 1)])
def test_one_run(benchmark, nb101: Space, table: Table, surrogate: str, goal: float, rounds: int):
    """Study and all, without a record."""
    benchmark.group = RUNS
    benchmark.extra_info.update(notes=[f"goal {goal} s"])
    best = benchmark.pedantic(search, (nb101, table, surrogate), rounds=rounds, warmup_rounds=rounds > 1)
    assert best > 93.9


def test_ten_fits_alone(benchmark, nb101: Space, table: Table, rng: np.random.Generator):
    """XGBoost on 50, 100 ... 500 augmented cells, which is the part that a library does."""
    benchmark.group = RUNS
    cells = nb101.sample(EVALUATIONS, rng)
    accuracy = table.lookup(nb101.identify(cells), METRIC)
    sets = []
    for cycle in range(1, CYCLES + 1):
        encodings, owner = nb101.augment(cells[: cycle * EVALUATIONS // CYCLES])
        sets.append((encodings, accuracy[owner]))
    surrogate = surrogates["xgboost"](nb101)

    def fit() -> None:
        for encodings, labels in sets:
            surrogate.fit(encodings, labels)

    benchmark.pedantic(fit, rounds=3, warmup_rounds=1)


def test_plain_loop(benchmark, means: Path, rng: np.random.Generator):
    """Without this package but with XGBoost; rows are compared one by one."""
    import pandas as pd

    cells = pd.read_parquet(means, columns=["hash", "test_correct"])
    accuracies = dict(zip(cells["hash"].map(bytes.hex), (cells["test_correct"] / 299.52).tolist(), strict=True))
    benchmark.group = RUNS
    benchmark.extra_info.update(baseline=True)
    best = benchmark.pedantic(plain_nas_ea_fa.search, (accuracies, CYCLES, rng), rounds=1)
    assert 93.5 < best <= max(accuracies.values())


found: dict[int, list[int]] = {}


@pytest.mark.benchmark(timer=reported)
@pytest.mark.parametrize("workers", [1, 2])
def test_many_runs(benchmark, compact: Path, tmp_path: Path, workers: int):
    """`nasbench_ga.run` in a fresh process, to the finished record."""
    benchmark.group = MANY
    benchmark.extra_info.update(items=REPEATS, baseline=workers == 1)
    children: list[dict[str, Any]] = []

    def run() -> None:
        children.append(fresh_process.run(MANY_RUNS, compact, REPEATS, workers, folder=tmp_path))
        reported.now += children[-1]["seconds"]

    benchmark.pedantic(run, rounds=1)
    found[workers] = children[0]["found"]
    assert all(ids == found[workers] for ids in found.values())


@pytest.fixture
def some_cells(nb101: Space) -> np.ndarray:
    """As many cells as a run evaluates."""
    return nb101.sample(EVALUATIONS, np.random.default_rng(1))


def test_augmentation(benchmark, nb101: Space, some_cells: np.ndarray):
    benchmark.group = "isomorphic encodings of 500 cells of nb101"
    benchmark.extra_info.update(items=EVALUATIONS)
    benchmark(nb101.augment, some_cells)


def test_augmentation_plain_loop(benchmark, nb101: Space, some_cells: np.ndarray):
    benchmark.group = "isomorphic encodings of 500 cells of nb101"
    benchmark.extra_info.update(items=EVALUATIONS, baseline=True)
    genotypes = [tuple(genotype) for genotype in some_cells.tolist()]
    found = benchmark.pedantic(lambda: [plain_nas_ea_fa.encodings(genotype) for genotype in genotypes], rounds=3)
    assert sum(map(len, found)) == len(nb101.augment(some_cells)[1])


def test_distances(benchmark, nb101: Space, some_cells: np.ndarray, rng: np.random.Generator):
    benchmark.group = "smallest distances of 1,000 candidates to the encodings of 500 cells"
    benchmark.extra_info.update(items=1000)
    known, candidates = nb101.features(nb101.augment(some_cells)[0]), nb101.features(nb101.sample(1000, rng))
    benchmark(smallest_distance, candidates, known)


def test_distances_plain_loop(benchmark, nb101: Space, some_cells: np.ndarray, rng: np.random.Generator):
    benchmark.group = "smallest distances of 1,000 candidates to the encodings of 500 cells"
    benchmark.extra_info.update(items=50, baseline=True)
    known, candidates = nb101.features(nb101.augment(some_cells)[0]), nb101.features(nb101.sample(1000, rng))
    rows, own = known.tolist(), candidates[:50].tolist()
    plain = benchmark.pedantic(lambda: [plain_nas_ea_fa.smallest_distance(one, rows) for one in own], rounds=1)
    assert plain == smallest_distance(candidates[:50], known).tolist()
