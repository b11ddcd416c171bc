"""XGBoost's regression trees, the surrogate of NAS-EA-FA (Pan & Yao, IJCNN 2021; Dervisi 2022)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate

ETA, ROUNDS = 0.1, 100
"""The published learning rate, and the library's default number of trees."""
LEAST_SPREAD, GREATEST_SPREAD, LEAST_SHARE = 1e-2, 1e6, 1e-4
"""The standard deviations with which labels are learned as they are, and the least one as a share of their mean."""


@register_surrogate("xgboost")
class XGBoostSurrogate(Surrogate):
    """`XGBRegressor(eta=0.1)` on the published binary encoding: the same predictions, with less around them.

    On one thread, as its last digits depend on the number of threads; more would not be faster at these sizes. Labels
    whose differences the library would take for nothing (it computes in 32 bits, and splits nothing that gains less
    than 1e-6) are learned in units of their spread.
    """

    libraries = ("xgboost",)

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        import xgboost

        middle, spread = values.mean(), values.std()
        lost = not LEAST_SPREAD <= spread <= GREATEST_SPREAD or spread < LEAST_SHARE * abs(middle)
        self._zero, self._unit = (float(middle), float(spread)) if lost else (0.0, 1.0)
        settings = {"eta": ETA, "nthread": 1, "seed": self.seed}
        examples = xgboost.DMatrix(self.space.features(genotypes), (values - self._zero) / self._unit, nthread=1)
        self._trees = xgboost.train(settings, examples, ROUNDS)

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        predicted = self._trees.inplace_predict(self.space.features(genotypes))
        return predicted if self._unit == 1 else predicted.astype(np.float64) * self._unit + self._zero
