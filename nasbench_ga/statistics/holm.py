"""Holm's correction of p-values for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.statistics.hypothesis_test import HypothesisTest


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusts p-values so that all that come out at or below a level are right together but for that level.

    Args:
        p_values: shape (n,), each from 0 to 1; NaN (a test that could not be made) stays so and does not count.

    Returns:
        float64, shape (n,): none smaller than what came in, in the same order of size.

    Raises:
        NasbenchError: a number is no probability.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979; as adjusted p-values: Wright,
    "Adjusted p-values for simultaneous inference", 1992.
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or np.any((p < 0) | (p > 1)):
        raise NasbenchError(f"Expected p-values from 0 to 1, shape (n,), got {p_values!r}.")
    made = np.flatnonzero(~np.isnan(p))
    ascending = made[np.argsort(p[made], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    factors = np.arange(len(ascending), 0, -1)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(factors * p[ascending]), 1)
    return adjusted


def corrected(tests: Sequence[HypothesisTest]) -> list[HypothesisTest]:
    """The same tests as one family: each with its p-value after Holm's correction, if there is more than one."""
    made = sum(not np.isnan(test.p_value) for test in tests)
    if made < 2:
        return list(tests)
    adjusted = holm([test.p_value for test in tests])
    return [replace(test, adjusted=float(p), family=made) for test, p in zip(tests, adjusted, strict=True)]
