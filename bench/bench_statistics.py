"""How long it takes to compare six sets of 100 runs, and to read a record of a million evaluations."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import nasbench_ga as ng
from nasbench_ga.run_sets import RunSet
from nasbench_ga.statistics import compare_all

PAIRS = "compare six sets of 100 runs, all 15 pairs"
SETS, RUNS, RESAMPLES = 6, 100, 2000
PLAIN_PAIRS = 1
REPEATS, EVALUATIONS = 100, 10_000


@pytest.fixture
def runs(rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Percentages with four decimals, some of them equal, as tables give them."""
    return {f"set {number}": rng.normal(94 + number / 50, 0.1, RUNS).round(2) for number in range(SETS)}


def test_compare_all(benchmark, runs: dict[str, NDArray[np.float64]]):
    """Every test and effect size of every pair, corrected, with its intervals."""
    benchmark.group = PAIRS
    benchmark.extra_info.update(items=SETS * (SETS - 1) // 2)
    found = benchmark.pedantic(compare_all, (runs,), rounds=5, warmup_rounds=1)
    assert found.pair("set 0", "set 5").differ


def test_plain_loop(benchmark, runs: dict[str, NDArray[np.float64]]):
    """Mann-Whitney and Kolmogorov-Smirnov of one pair by scipy, and A12 with its interval by its definition."""
    from scipy import stats

    benchmark.group = PAIRS
    benchmark.extra_info.update(items=PLAIN_PAIRS, baseline=True, notes=[f"{PLAIN_PAIRS} pair; two tests and A12 only"])

    def a12(first: list[float], second: list[float]) -> float:
        return sum((a > b) + (a == b) / 2 for a in first for b in second) / (len(first) * len(second))

    def compare() -> list[tuple[float, float, NDArray[np.float64]]]:
        found, rng = [], np.random.default_rng(0)
        for first, second in list(combinations(runs.values(), 2))[:PLAIN_PAIRS]:
            drawn = [
                a12(rng.choice(first, len(first)).tolist(), rng.choice(second, len(second)).tolist())
                for _ in range(RESAMPLES)
            ]
            tests = stats.mannwhitneyu(first, second).pvalue, stats.ks_2samp(first, second).pvalue
            found.append((*tests, np.quantile(drawn, [0.025, 0.975])))
        return found

    ((p_value, _, interval),) = benchmark.pedantic(compare, rounds=1)
    assert p_value < 1
    assert interval[0] < interval[1]


def test_read_and_check_a_record(benchmark, compact: Path, tmp_path: Path):
    """A million evaluations, every row checked, and the best-so-far curves of its runs."""
    benchmark.group = "read a record of a million evaluations"
    benchmark.extra_info.update(items=REPEATS * EVALUATIONS)
    config = ng.RunConfig(
        space="nb101", table=str(compact), repeats=REPEATS, evaluations=EVALUATIONS, results=tmp_path / "record"
    )
    folder = ng.run(config).folder

    def read() -> RunSet:
        own = RunSet.read(folder)
        own.curves(own.test_metric)
        return own

    own = benchmark.pedantic(read, rounds=5, warmup_rounds=1)
    assert own.lengths.tolist() == [EVALUATIONS] * REPEATS
