"""The steps of a training, counted by hand and against torch's DataLoader."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from nasbench_ga.training.plan import Plan
from nasbench_ga.training.recipe import Recipe


def plan(images: int, batch: int, epochs: float = 1.0, validations: float = 1.0) -> Plan:
    return Plan(Recipe(epochs=epochs, validations=validations), images, batch)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    images = draw(st.integers(1, 60))
    return plan(images, draw(st.integers(1, images)), draw(st.floats(0.1, 6)), draw(st.floats(0.1, 9)))


@given(plans())
def test_an_epoch_has_the_batches_of_torch(some: Plan) -> None:
    batches = [rows.tolist() for rows in DataLoader(torch.arange(some.images), some.batch)]
    if len(batches[-1]) == 1 and some.batch > 1:
        del batches[-1]  # of one image there is no variance
    if some.images == 1:
        batches = [[0]]
    found = [[*range(some.images)][some.place(step)[1]] for step in range(some.steps_per_epoch)]
    assert found == batches
    again = [some.place(step + 2 * some.steps_per_epoch) for step in range(some.steps_per_epoch)]
    assert again == [(2, some.place(step)[1]) for step in range(some.steps_per_epoch)]


@given(plans())
def test_images_are_those_of_the_steps(some: Plan) -> None:
    everything = range(some.images)
    seen = sum(len(everything[some.place(step)[1]]) for step in range(some.steps))
    assert some.images_after(some.steps) == seen
    assert some.images_after(0) == 0


@given(plans())
def test_validations_are_spread_over_the_training(some: Plan) -> None:
    assert max(some.validations) == some.steps
    assert min(some.validations) >= 1
    inner = sorted(some.validations)
    apart = max(1.0, some.steps_per_epoch / some.recipe.validations)
    assert all(1 <= later - earlier <= apart + 1 for earlier, later in pairwise(inner))


@pytest.mark.parametrize(
    ("some", "validations"),
    [
        (plan(100, 10, epochs=2), [10, 20]),
        (plan(100, 10, epochs=2, validations=2), [5, 10, 15, 20]),
        (plan(100, 10, epochs=2.5), [10, 20, 25]),
        (plan(100, 10, epochs=4, validations=0.5), [20, 40]),
        (plan(100, 10, epochs=0.01), [1]),
        (plan(100, 10, epochs=3, validations=0.1), [30]),
        (plan(100, 50, epochs=2, validations=7), [1, 2, 3, 4]),
        (plan(101, 50, epochs=2), [2, 4]),
        (plan(102, 50, epochs=2), [3, 6]),
    ],
)
def test_validations(some: Plan, validations: list[int]) -> None:
    assert sorted(some.validations) == validations


def test_epochs_may_be_a_fraction() -> None:
    some = plan(100, 30, epochs=1.5)
    assert (some.steps_per_epoch, some.steps, some.epochs_after(some.steps), some.images_after(6)) == (4, 6, 1.5, 160)
