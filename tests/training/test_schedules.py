"""Learning rates, against torch's own schedulers."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from nasbench_ga.training.recipe import Recipe
from nasbench_ga.training.schedules import plateaus, rate_of_step

RATE = 0.3


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)


SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer, int], lr_scheduler.LRScheduler]] = {
    "constant": lambda moved, _: lr_scheduler.ConstantLR(moved, factor=1),
    "step": lambda moved, steps: lr_scheduler.MultiStepLR(moved, [-(-steps // 2), -(-3 * steps // 4)]),
    "cosine": lambda moved, steps: lr_scheduler.CosineAnnealingLR(moved, T_max=steps),
}


@pytest.mark.parametrize("steps", [1, 7, 40])
@pytest.mark.parametrize("schedule", SCHEDULERS)
def test_rates_are_those_of_torch(schedule: str, steps: int) -> None:
    moved = optimizer()
    scheduler = SCHEDULERS[schedule](moved, steps)
    recipe = Recipe(learning_rate=RATE, schedule=schedule)
    for step in range(steps):
        assert rate_of_step(recipe, step, steps, []) == pytest.approx(moved.param_groups[0]["lr"], rel=1e-9)
        moved.step()
        scheduler.step()


@given(st.lists(st.integers(0, 8).map(float), max_size=30), st.integers(1, 5))
def test_plateaus_are_those_of_torch(values: list[float], length: int) -> None:
    moved = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(
        moved, mode="max", patience=length - 1, threshold=0, threshold_mode="abs", min_lr=0, eps=0
    )
    curve = []
    for epoch, value in enumerate(values):
        scheduler.step(value)
        curve.append((epoch + 1.0, value))
        recipe = Recipe(learning_rate=RATE, schedule="plateau", plateau=length)
        assert rate_of_step(recipe, 5, 10, curve) == pytest.approx(moved.param_groups[0]["lr"], rel=1e-9)


def test_the_first_step_has_the_whole_rate_and_none_has_more() -> None:
    for schedule in ("constant", "step", "cosine", "plateau"):
        rates = [rate_of_step(Recipe(learning_rate=RATE, schedule=schedule), step, 9, []) for step in range(9)]
        assert rates[0] == RATE
        assert all(before >= after > 0 for before, after in pairwise(rates))


def test_a_plateau_counts_once() -> None:
    assert [plateaus([(i, 5.0) for i in range(count)], 2) for count in range(7)] == [0, 0, 0, 1, 1, 2, 2]
