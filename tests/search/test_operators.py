"""Selection operators, against their closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search import operators
from nasbench_ga.search.operators import roulette, tournament

N, HELD = 12, 60_000
ANY_VALUES = st.lists(st.floats(width=32), min_size=1, max_size=8)


def wins(values: np.ndarray, size: int, seed: int = 0, **options: object) -> np.ndarray:
    return np.bincount(tournament(values, HELD, size, np.random.default_rng(seed), **options), minlength=len(values))


def assert_as_likely_as(chances: np.ndarray, observed: np.ndarray) -> None:
    """A chi-square test of those that are met often enough; who has no chance has never won."""
    assert not observed[chances == 0].any()
    often = chances * HELD > 10
    groups = [(observed[often], chances[often]), ([observed[~often].sum()], [chances[~often].sum()])]
    counts, shares = (np.concatenate(parts) for parts in zip(*groups, strict=True))
    counts, shares = counts[shares > 0], shares[shares > 0]
    assert counts.sum() == HELD
    assert len(counts) == 1 or stats.chisquare(counts, shares * HELD).pvalue > 1e-4


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12])
def test_each_member_wins_as_often_as_drawing_with_replacement_says(size: int) -> None:
    """The j-th worst of n wins with (j/n)^k - ((j-1)/n)^k, so the best with 1 - ((n-1)/n)^k."""
    values = np.random.default_rng(1).permutation(N).astype(float)
    ranks = np.arange(N + 1) / N
    chance = np.diff(ranks**size)
    observed = wins(values, size)[np.argsort(values)]
    assert stats.binomtest(int(observed[-1]), HELD, 1 - ((N - 1) / N) ** size).pvalue > 1e-4
    assert_as_likely_as(chance, observed)


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


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_each_member_wins_as_often_as_drawing_without_replacement_says(size: int) -> None:
    """Of all choices of k different ones of n, the j-th worst is the best of C(j - 1, k - 1)."""
    values = np.random.default_rng(1).permutation(N).astype(float)
    chance = np.array([math.comb(rank, size - 1) for rank in range(N)]) / math.comb(N, size)
    assert_as_likely_as(chance, wins(values, size, replacement=False)[np.argsort(values)])


@pytest.mark.parametrize("probability", [0.2, 0.75, 0.99])
@pytest.mark.parametrize("size", [2, 4])
def test_the_best_wins_with_its_probability_and_the_next_with_what_is_left(size: int, probability: float) -> None:
    """Everybody enters, so the tournament's places are the population's."""
    values = np.random.default_rng(2).permutation(size).astype(float)
    chance = [probability * (1 - probability) ** place for place in range(size - 1)]
    observed = wins(values, size, probability=probability, replacement=False)[np.argsort(-values)]
    assert_as_likely_as(np.array([*chance, 1 - sum(chance)]), observed)


def test_a_probable_win_in_drawn_entrants() -> None:
    """Of two drawn with replacement, the j-th worst of n is the better with (2j - 1)/n^2, the worse with the rest."""
    ranks = np.arange(1, N + 1)
    better, worse = (2 * ranks - 1) / N**2, (2 * (N - ranks) + 1) / N**2
    assert_as_likely_as(0.7 * better + 0.3 * worse, wins(np.arange(float(N)), 2, probability=0.7))


@pytest.mark.parametrize("options", [{"probability": 0.6}, {"replacement": False}])
@pytest.mark.parametrize("value", [0.0, -np.inf, np.nan, np.inf])
def test_equal_members_win_equally_often_however_they_are_drawn(value: float, options: dict[str, object]) -> None:
    assert stats.chisquare(wins(np.full(N, value), 4, **options)).pvalue > 1e-4


@given(values=ANY_VALUES, members=st.integers(1, 8), seed=st.integers(0, 999), rows=st.integers(1, 30))
def test_entrants_without_replacement_are_different_members(
    values: list[float], members: int, seed: int, rows: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators, "_SHUFFLED_AT_A_TIME", rows)
        entrants = operators._entrants(members, 20, members // 2 + 1, np.random.default_rng(seed), False)
    assert all(len(set(row)) == members // 2 + 1 for row in entrants.tolist())
    assert entrants.max() < members
    whole = operators._entrants(members, 20, members // 2 + 1, np.random.default_rng(seed), False)
    np.testing.assert_array_equal(entrants, whole)  # however large the parts


def test_more_different_entrants_than_members_are_refused() -> None:
    with pytest.raises(NasbenchError, match="tournament of 4 different members needs as many; there are 3"):
        tournament(np.arange(3.0), 5, 4, np.random.default_rng(0), replacement=False)


def spins(values: np.ndarray) -> np.ndarray:
    return np.bincount(roulette(values, HELD, np.random.default_rng(0)), minlength=len(values))


@pytest.mark.parametrize("shift", [0.0, -50.0, 1e6])
def test_roulette_is_in_proportion_to_what_is_above_the_worst(shift: float) -> None:
    values = np.array([3.0, 0.0, 1.0, 6.0, 0.0, 2.0])
    assert_as_likely_as(values / values.sum(), spins(values + shift))


@pytest.mark.parametrize("value", [0.0, 93.5, -1e300, np.nan, -np.inf, np.inf])
def test_roulette_of_equals_is_a_draw(value: float) -> None:
    assert stats.chisquare(spins(np.full(N, value))).pvalue > 1e-4


@pytest.mark.parametrize(
    ("values", "chances"),
    [
        ([np.nan, 1.0, -np.inf, 3.0, 2.0], [0, 0, 0, 2 / 3, 1 / 3]),
        ([np.nan, 5.0, -np.inf, 5.0], [0, 1 / 2, 0, 1 / 2]),
        ([np.nan, -7.0, -np.inf], [0, 1, 0]),
        ([np.nan, -np.inf], [1 / 2, 1 / 2]),
        ([np.inf, 1.0, np.inf, np.nan], [1 / 2, 0, 1 / 2, 0]),
        ([1.7e308, -1.7e308, 0.0], [2 / 3, 0, 1 / 3]),
        ([0.0, 3e-300, 1e-300], [0, 3 / 4, 1 / 4]),
    ],
)
def test_roulette_knows_failures_and_extremes(values: list[float], chances: list[float]) -> None:
    assert_as_likely_as(np.array(chances), spins(np.array(values)))


@given(values=ANY_VALUES, seed=st.integers(0, 999))
def test_roulette_never_gives_what_is_worst_if_anything_is_better(values: list[float], seed: int) -> None:
    winners = roulette(np.array(values), 50, np.random.default_rng(seed))
    worth = np.where(np.isnan(values), -np.inf, values)
    numbers = worth[worth > -np.inf]
    if len(numbers):
        assert (worth[winners] > -np.inf).all()
        assert (worth[winners] > numbers.min()).all() or len(np.unique(numbers)) == 1


@given(values=ANY_VALUES, size=st.integers(1, 6), seed=st.integers(0, 999))
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
