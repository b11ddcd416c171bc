"""Quantiles of what each generation evaluated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError
from nasbench_ga.rows import Rows
from nasbench_ga.statistics import Generations, by_generation

NUMBERS = st.floats(-1e6, 1e6) | st.just(np.nan) | st.just(-np.inf)
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), NUMBERS), min_size=1, max_size=40)


def rows_of(evaluations: list[tuple[int, int, float]]) -> Rows:
    repeat, generation, value = map(np.array, zip(*sorted(evaluations, key=lambda row: row[:2]), strict=True))
    return Rows(
        repeat.astype(np.int32),
        np.arange(len(repeat), dtype=np.int32),
        generation.astype(np.int32),
        np.zeros(len(repeat), np.int64),
        np.zeros((len(repeat), 1), np.int8),
        value.astype(float),
        np.ones(len(repeat)),
    )


@given(ROWS)
def test_they_are_the_quantiles_of_pandas(evaluations: list[tuple[int, int, float]]) -> None:
    rows = rows_of(evaluations)
    frame = pd.DataFrame(
        {"generation": rows.generation, "value": np.where(np.isfinite(rows.value), rows.value, np.nan)}
    )
    grouped = frame.groupby("generation")["value"]
    expected = np.stack([grouped.quantile(share) for share in (0.1, 0.5, 0.9)], 1)
    found = by_generation(rows)
    np.testing.assert_allclose(np.stack([found.low, found.median, found.high], 1), expected, atol=1e-6)
    assert found.evaluations[-1] == len(rows) / len(set(rows.repeat))


def test_evaluations_are_those_spent_by_the_end_of_a_generation() -> None:
    rows = rows_of([(0, 0, 1.0), (0, 0, 2.0), (0, 1, 3.0), (1, 0, 4.0), (1, 0, 5.0)])
    found = by_generation(rows, np.array([10.0, 20, 30, 40, 50]))
    assert found.evaluations.tolist() == [2, 2.5]
    assert found.median.tolist() == [30, 30]


def test_nonsense_is_refused() -> None:
    rows = rows_of([(0, 0, 1.0)])
    with pytest.raises(NasbenchError, match=r"got \(2,\) of 1"):
        by_generation(rows, np.ones(2))
    with pytest.raises(NasbenchError, match="got shapes"):
        Generations(np.arange(2.0), np.ones(2), np.ones(2), np.ones(3))
    with pytest.raises(NasbenchError, match="evaluations that rise"):
        Generations(np.ones(2), np.ones(2), np.ones(2), np.ones(2))
