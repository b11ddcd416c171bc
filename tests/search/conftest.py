"""Every registered search on every registered space."""

from collections.abc import Callable

import numpy as np
import pytest

from nasbench_ga.search import Search, searches
from nasbench_ga.spaces import Space, get_space, spaces


@pytest.fixture(scope="session", params=list(spaces))
def space(request: pytest.FixtureRequest) -> Space:
    """Each registered space in turn."""
    return get_space(request.param)


@pytest.fixture(scope="session", params=list(searches))
def make(request: pytest.FixtureRequest, space: Space) -> Callable[..., Search]:
    """Makes a search from a seed, with the defaults but for what is given."""

    def make(seed: int = 0, **settings: object) -> Search:
        kind = searches[request.param]
        return kind(space, np.random.default_rng(seed), kind.Settings(**settings))

    return make
