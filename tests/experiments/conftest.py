"""Runs that nobody ran, to see what is concluded from them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from experiments.dervisi_study.arms import ARMS, Arm, Benchmark
from experiments.dervisi_study.found import Found, Spread
from nasbench_ga.statistics import Generations, Trajectory

HERE = Benchmark("nats-tss-graph", "nats-tss", "cifar10")
SEARCH, TEST = "cifar10-valid/x-valid/200", "cifar10/ori-test/200"


def made_up(
    name: str | Arm,
    finals: Sequence[float],
    until: Sequence[float] | None = None,
    spreads: list[list[Spread]] | None = None,
    spent: float = 500,
) -> Found:
    """Runs that start at 10 % and find `finals` after `until` evaluations."""
    arm = name if isinstance(name, Arm) else next(arm for arm in ARMS if arm.name == name)
    when = np.full(len(finals), 100.0) if until is None else np.asarray(until, float)
    runs = [
        Trajectory(np.array([1.0, cost]), np.array([10.0, value]), np.array([0, 1]), spent)
        for cost, value in zip(when, finals, strict=True)
    ]
    flat = [[Spread(50, 50, 1.0, 1.0, 0.0), Spread(50, 500, 1.0, 1.0, 0.0)]] * len(finals)
    one = np.ones(1)
    summary = [
        {"repeat": n, "evaluations": int(spent), "unique_cells": 9, "best_step": int(w) - 1, "best_id": 3}
        | {SEARCH: v, TEST: v, f"regret {SEARCH}": 95 - v}
        for n, (w, v) in enumerate(zip(when, finals, strict=True))
    ]
    return Found(
        arm=arm,
        benchmark=HERE,
        search=SEARCH,
        test=TEST,
        optimum=95.0,
        summary=summary,
        runs=runs,
        test_runs=runs,
        timed=[Trajectory(60 * run.cost, run.value, run.row, 60 * run.spent, "seconds") for run in runs],
        simulated=arm.fitness == "accuracy",
        generations=Generations(one, one, one, one),
        spreads=spreads or flat,
        top_spreads=(spreads or flat) if arm.algorithm == "nas-ea-fa" else [],
    )


@pytest.fixture
def around() -> Callable[..., list[float]]:
    """Numbers around a middle, always the same ones."""

    def draw(middle: float, width: float = 0.5, runs: int = 12, seed: int = 0) -> list[float]:
        return np.random.default_rng(seed).normal(middle, width, runs).tolist()

    return draw
