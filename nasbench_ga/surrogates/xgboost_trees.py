"""XGBoost's regression trees, the surrogate of NAS-EA-FA (Pan & Yao, IJCNN 2021; Dervisi 2022)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate

ETA, ROUNDS = 0.1, 100
"""The published learning rate, and the library's default number of trees."""


@register_surrogate("xgboost")
class XGBoostSurrogate(Surrogate):
    """`XGBRegressor(eta=0.1)` on the published binary encoding: the same predictions, with less around them.

    On one thread, as its last digits depend on the number of threads; more would not be faster at these sizes.
    """

    libraries = ("xgboost",)

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        import xgboost

        settings = {"eta": ETA, "nthread": 1, "seed": self.seed}
        examples = xgboost.DMatrix(self.space.features(genotypes), values, nthread=1)
        self._trees = xgboost.train(settings, examples, ROUNDS)

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        return self._trees.inplace_predict(self.space.features(genotypes))
