"""Selection operators, against their closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.search import operators
from nasbench_ga.search.operators import tournament

N, HELD = 12, 60_000


def wins(values: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    return np.bincount(tournament(values, HELD, size, np.random.default_rng(seed)), minlength=len(values))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12])
def test_each_member_wins_as_often_as_drawing_with_replacement_says(size: int) -> None:
    """The j-th worst of n wins with (j/n)^k - ((j-1)/n)^k, so the best with 1 - ((n-1)/n)^k."""
    values = np.random.default_rng(1).permutation(N).astype(float)
    ranks = np.arange(N + 1) / N
    chance = np.diff(ranks**size)
    observed = wins(values, size)[np.argsort(values)]
    assert stats.binomtest(int(observed[-1]), HELD, 1 - ((N - 1) / N) ** size).pvalue > 1e-4
    frequent = chance * HELD > 10
    grouped = [*observed[frequent], observed[~frequent].sum()]
    expected = [*chance[frequent] * HELD, chance[~frequent].sum() * HELD]
    if frequent.all():
        grouped, expected = grouped[:-1], expected[:-1]
    assert stats.chisquare(grouped, expected).pvalue > 1e-4


def test_a_tournament_of_one_is_a_draw() -> None:
    assert stats.chisquare(wins(np.arange(N, dtype=float), 1)).pvalue > 1e-4


@pytest.mark.parametrize("value", [0.0, -np.inf, np.nan])
def test_equal_members_win_equally_often(value: float) -> None:
    assert stats.chisquare(wins(np.full(N, value), 4)).pvalue > 1e-4


def test_nan_and_minus_infinity_lose_to_every_number() -> None:
    values = np.array([np.nan, -1e300, np.nan, -np.inf])
    size = 3
    lost_chance = (3 / 4) ** size  # the number does not enter
    assert stats.binomtest(int(wins(values, size)[1]), HELD, 1 - lost_chance).pvalue > 1e-4


@given(values=st.lists(st.floats(width=32), min_size=1, max_size=8), size=st.integers(1, 6), seed=st.integers(0, 999))
def test_the_winner_is_the_first_best_of_those_drawn(values: list[float], size: int, seed: int) -> None:
    winners = tournament(np.array(values), 20, size, np.random.default_rng(seed))
    entrants = np.random.default_rng(seed).integers(len(values), size=(20, size))
    worth = [-np.inf if np.isnan(value) else value for value in values]
    assert winners.tolist() == [max(row, key=lambda member: worth[member]) for row in entrants.tolist()]


@given(
    vectors=st.integers(0, 5),
    others=st.integers(0, 9),
    width=st.integers(1, 70),
    chunk=st.sampled_from([1, 2, 4096]),
    seed=st.integers(0, 999),
)
def test_the_smallest_distance_is_that_of_a_plain_loop(
    vectors: int, others: int, width: int, chunk: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(2, size=(n, width)).astype(np.float32) for n in (vectors, others))
    expected = [
        min((sum(x != y for x, y in zip(one, other, strict=True)) for other in b.tolist()), default=np.inf)
        for one in a.tolist()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators, "_CHUNK", chunk)
        assert operators.smallest_distance(a, b).tolist() == expected


@pytest.mark.parametrize(("share", "members", "size"), [(0.2, 100, 20), (0.2, 50, 10), (0.2, 5, 1), (0.01, 10, 1)])
def test_a_tournament_is_a_share_of_the_members(share: float, members: int, size: int) -> None:
    assert operators.tournament_size(share, members) == size
