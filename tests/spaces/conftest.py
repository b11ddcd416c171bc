"""Every registered space, and cells to feed it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st

from nasbench_ga.spaces import NB101Cell, Space, get_space, spaces


@pytest.fixture(scope="session", params=list(spaces))
def space(request: pytest.FixtureRequest) -> Space:
    """Each registered space in turn."""
    return get_space(request.param)


@pytest.fixture(scope="session", params=[name for name in spaces if spaces[name].enumerable])
def enumerable(request: pytest.FixtureRequest) -> Space:
    """Each registered space in turn whose cells can be enumerated."""
    return get_space(request.param)


def spread(space: Space) -> np.ndarray:
    """A few hundred cells of a space, the first and the last among them; random ones if they cannot be enumerated."""
    if not space.enumerable:
        return np.unique(space.sample(300, np.random.default_rng(0)), axis=0)
    cells = space.enumerate()
    return cells[np.linspace(0, len(cells) - 1, 300).astype(int)]


@pytest.fixture(scope="session")
def some_cells(space: Space) -> np.ndarray:
    """A few hundred cells of the space, the first and the last among them if there are such."""
    return spread(space)


@pytest.fixture(scope="session")
def enumerable_cells(enumerable: Space) -> np.ndarray:
    """The same of a space that can be enumerated."""
    return spread(enumerable)


@pytest.fixture(scope="session")
def raw_genotypes() -> Callable[[Space], st.SearchStrategy]:
    """Makes a strategy of single genotypes, shape (genes,), in range but not always valid."""

    def strategy(space: Space) -> st.SearchStrategy:
        genes = [st.integers(0, int(values) - 1) for values in space.cardinalities]
        return st.tuples(*genes).map(lambda genotype: np.array(genotype, np.int8))

    return strategy


@pytest.fixture(scope="session")
def raw_cell() -> Callable[[np.ndarray], NB101Cell]:
    """Reads an nb101 genotype as (matrix, operations) on all seven vertices, by the documented order of genes."""
    names = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")

    def read(genotype: np.ndarray) -> NB101Cell:
        matrix = np.zeros((7, 7), int)
        matrix[np.triu_indices(7, 1)] = genotype[:21]
        return NB101Cell(matrix.tolist(), ["input", *(names[gene] for gene in genotype[21:]), "output"])

    return read
