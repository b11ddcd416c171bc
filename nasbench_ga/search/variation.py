"""How evolutionary searches make children: select, cross, mutate; one generation after another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.spaces import Genotypes, Space

Crossover = Literal["none", "uniform", "k-point"]


@dataclass(frozen=True)
class VariationSettings:
    """Settings of whatever breeds a population; the defaults are those of Dervisi's study: mutation alone."""

    population: int = 100
    """Members of a generation."""
    crossover: Crossover = "none"
    """How two selected parents are crossed before mutation."""
    crossover_points: int = 2
    """Cuts of k-point crossover."""
    crossover_rate: float = 1.0
    """Share of the children that are crossed; the others are copies of their first parent before mutation."""
    step_decay: float = 1.0
    """Factor by which the steps of mutation shrink from one generation to the next, in a space whose mutation has
    steps; 1 leaves them as they are."""
    least_step: float = 0.1
    """Steps shrink to this share of their first size, and no further."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        if self.population < 1:
            raise NasbenchError(f"A population has at least 1 member, not {self.population}.")
        if self.crossover not in get_args(Crossover):
            raise UnknownNameError("crossover", self.crossover, get_args(Crossover))
        if self.crossover_points < 1:
            raise NasbenchError(f"Crossover has at least 1 point, not {self.crossover_points}.")
        if not 0 <= self.crossover_rate <= 1:
            raise NasbenchError(f"The share of the children that are crossed is 0 to 1, not {self.crossover_rate}.")
        for name, factor in (("step_decay", self.step_decay), ("least_step", self.least_step)):
            if not 0 < factor <= 1:
                raise NasbenchError(f"{name} is above 0 and up to 1, not {factor}.")

    def step(self, generation: int) -> float:
        """The share of their first size that the steps of mutation have in a generation; 1 is the first."""
        return max(self.least_step, self.step_decay ** (generation - 1))


def check_steps(space: Space, settings: VariationSettings) -> None:
    """Makes sure that what is to shrink exists.

    Raises:
        NasbenchError: steps are to shrink in a space whose mutation has none.
    """
    if settings.step_decay != 1 and "step" not in inspect.signature(space.mutate).parameters:
        raise NasbenchError(
            f"step_decay is {settings.step_decay}, but mutation in {space.name} has no steps that could shrink. Leave "
            "it at 1, or choose a space whose mutate takes a step."
        )


def breed(
    space: Space,
    select: Callable[[], Genotypes],
    settings: VariationSettings,
    generation: int,
    rng: np.random.Generator,
) -> tuple[Genotypes, Genotypes]:
    """Selects, crosses, mutates.

    Args:
        space: of the genotypes.
        select: gives as many selected members as there are to be children, shape (n, genes).
        settings: how they are crossed, and how steps shrink.
        generation: of the children; 1 is the first that is bred.
        rng: source of randomness.

    Returns:
        The children, shape (n, genes), and what each was made from, shape (n, p, genes): p is 1 without crossover,
        else 2; a child that was not crossed has its one parent twice.
    """
    children = select()
    parents = children[:, None]
    if settings.crossover != "none":
        first, second = children, select()
        children, second = _cross(space, first, second, settings, rng)
        parents = np.stack([first, second], 1)
    if settings.step_decay == 1:
        return space.mutate(children, rng), parents
    return space.mutate(children, rng, step=settings.step(generation)), parents  # type: ignore[call-arg]


def _cross(
    space: Space, first: Genotypes, second: Genotypes, settings: VariationSettings, rng: np.random.Generator
) -> tuple[Genotypes, Genotypes]:
    """The children before mutation, and the second parent of each, which is its first if it was not crossed."""
    points = settings.crossover_points if settings.crossover == "k-point" else None
    if settings.crossover_rate == 1:
        return space.crossover(first, second, rng, points), second
    crossed = rng.random(len(first)) < settings.crossover_rate
    children = first.copy()
    children[crossed] = space.crossover(first[crossed], second[crossed], rng, points)
    return children, np.where(crossed[:, None], second, first)
