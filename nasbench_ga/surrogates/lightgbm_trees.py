"""LightGBM's regression trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate
from nasbench_ga.surrogates.labels import scale

ROUNDS = 100
SETTINGS: dict[str, Any] = {
    "objective": "regression",
    "num_leaves": 15,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 0.0,
    "lambda_l2": 1.0,
    "feature_fraction_bynode": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""For tens to thousands of rows of bits, chosen by how they rank cells of nb101; the library's own 20 rows in a leaf
are too many of 50."""


@register_surrogate("lightgbm")
class LightGBMSurrogate(Surrogate):
    """Trees grown leaf by leaf on the published binary encoding, each split from a random half of the bits."""

    libraries = ("lightgbm",)

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        import lightgbm

        self._scaled = scale(values)
        settings = SETTINGS | {"seed": self.seed % 2**31}
        examples = lightgbm.Dataset(self.space.features(genotypes), self._scaled.labels, params=settings)
        self._trees = lightgbm.train(settings, examples, ROUNDS)

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        return self._scaled.restore(np.asarray(self._trees.predict(self.space.features(genotypes), num_threads=1)))
