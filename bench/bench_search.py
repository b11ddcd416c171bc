"""How fast the genetic algorithm of the study runs on nb101: alone, and 500 times with its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import fresh_process, plain_genetic, plain_nb101
from nasbench_ga.fitness import TableAccuracy
from nasbench_ga.search import Genetic, GeneticSettings
from nasbench_ga.spaces import Space
from nasbench_ga.study import Budget, Study
from nasbench_ga.tables import Table

GROUP = "evaluations of the genetic algorithm on nb101"
EVALUATIONS, REPEATS = 10_000, 500
METRIC = "cifar10/test/108"

MANY_RUNS = """
from pathlib import Path
import nasbench_ga as ng
table, repeats = arguments
config = ng.RunConfig(space="nb101", table=table, repeats=int(repeats), results=Path("record"))
start = clock()
result = ng.run(config)
told["seconds"] = clock() - start
from pyarrow.parquet import read_metadata
told["evaluations"] = read_metadata(result.folder / "evaluations.parquet").num_rows
told["lowest"] = float(result.summary["best_value"].min())
told["bytes"] = sum(file.stat().st_size for file in result.folder.iterdir())
"""

reported = fresh_process.ReportedClock()


def test_one_run(benchmark, nb101: Space, table: Table):
    """Study and all, without a record."""
    benchmark.group = GROUP
    benchmark.extra_info.update(items=EVALUATIONS, notes=["goal 0.2 s"])
    fitness = TableAccuracy(nb101, table, METRIC)

    def search() -> tuple[int, float]:
        study = Study(nb101, fitness, lambda rng: Genetic(nb101, rng, GeneticSettings()), 1, 0, Budget(EVALUATIONS))
        best = -np.inf
        while not study.finished:
            best = max(best, study.advance().value.max())
        return study.evaluations, best

    evaluations, best = benchmark.pedantic(search, rounds=9, warmup_rounds=1)
    assert evaluations == EVALUATIONS
    assert 93.5 < best <= table.best(METRIC)[1]


@pytest.mark.benchmark(timer=reported)
def test_500_runs_with_their_record(benchmark, compact: Path, tmp_path: Path):
    """`nasbench_ga.run` in a fresh process, to the finished record."""
    benchmark.group = GROUP
    children: list[dict[str, Any]] = []

    def run() -> None:
        children.append(fresh_process.run(MANY_RUNS, compact, REPEATS, folder=tmp_path))
        reported.now += children[-1]["seconds"]

    benchmark.pedantic(run, rounds=1)
    (child,) = children
    assert child["evaluations"] == REPEATS * EVALUATIONS
    assert child["lowest"] > 93
    notes = [f"peak memory {fresh_process.megabytes(child['peak'])}", "goal 60 s"]
    notes.append(f"record {fresh_process.megabytes(child['bytes'])}")
    benchmark.extra_info.update(items=REPEATS * EVALUATIONS, notes=notes)


def test_plain_loop(benchmark, means: Path, rng: np.random.Generator):
    """Without this package; every genotype that comes again is remembered."""
    import pandas as pd

    cells = pd.read_parquet(means, columns=["hash", "test_correct"])
    accuracies = dict(zip(cells["hash"].map(bytes.hex), (cells["test_correct"] / 299.52).tolist(), strict=True))
    benchmark.group = GROUP
    benchmark.extra_info.update(items=EVALUATIONS, baseline=True)
    best = benchmark.pedantic(
        plain_genetic.search,
        (accuracies, EVALUATIONS // plain_genetic.POPULATION, rng),
        setup=plain_nb101.module_hash.cache_clear,
        rounds=3,
    )
    assert 93.5 < best <= max(accuracies.values())
