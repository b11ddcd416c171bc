"""Every registered surrogate, and examples that it can learn from."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from nasbench_ga.spaces import Genotypes, Space, get_space
from nasbench_ga.surrogates import Surrogate, surrogates

SLOW = {"gcn-dervisi"}
SEED = 2**32 - 1


class Examples(NamedTuple):
    """Cells with labels that follow from them, and as many held-out ones."""

    genotypes: Genotypes
    labels: np.ndarray
    held_out: Genotypes
    held_out_labels: np.ndarray


def examples(space: Space, n: int, seed: int = 0) -> Examples:
    """The logarithms of the networks' sizes, which no isomorphic encoding changes by much."""
    genotypes = space.sample(2 * n, np.random.default_rng(seed))
    labels = np.log(space.parameters(genotypes))
    return Examples(genotypes[:n], labels[:n], genotypes[n:], labels[n:])


def predicted(surrogate: Surrogate, shown: Examples) -> np.ndarray:
    """What a surrogate predicts of the held-out cells once it has learned."""
    surrogate.fit(shown.genotypes, shown.labels)
    return surrogate.predict(shown.held_out)


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in surrogates],
)
def name(request: pytest.FixtureRequest) -> str:
    """Each registered surrogate in turn, by name."""
    return request.param


@pytest.fixture(scope="session")
def kind(name: str) -> type[Surrogate]:
    """Each registered surrogate in turn."""
    return surrogates[name]


@pytest.fixture(scope="session")
def space() -> Space:
    """Where surrogates are tried, unless it is in every space."""
    return get_space("nb101")


@pytest.fixture(scope="session")
def few(space: Space) -> Examples:
    """As few examples as there may be early in a search."""
    return examples(space, 30)


@pytest.fixture(scope="session")
def make(kind: type[Surrogate], space: Space) -> Callable[..., Surrogate]:
    """Makes a surrogate from a seed."""
    return lambda seed=SEED: kind(space, seed)


@pytest.fixture(scope="session")
def fitted(make: Callable[..., Surrogate], few: Examples) -> Surrogate:
    """One that has learned from the few examples; not to be fitted again."""
    surrogate = make()
    surrogate.fit(few.genotypes, few.labels)
    return surrogate


@pytest.fixture(scope="session")
def expected(fitted: Surrogate, few: Examples) -> np.ndarray:
    """What it predicts of the held-out cells."""
    return fitted.predict(few.held_out)
