"""A random forest (Breiman 2001)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate
from nasbench_ga.surrogates.labels import scale


@register_surrogate("random-forest")
class RandomForestSurrogate(Surrogate):
    """scikit-learn's random forest on the published binary encoding, each split from a random half of the bits."""

    libraries = ("sklearn",)

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        from sklearn.ensemble import RandomForestRegressor

        self._scaled = scale(values)
        self._forest = RandomForestRegressor(max_features=0.5, n_jobs=1, random_state=self.seed)
        self._forest.fit(self.space.features(genotypes), self._scaled.labels)

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        """The mean of the trees, each asked by itself: several times as fast as `RandomForestRegressor.predict`."""
        features = self.space.features(genotypes)
        trees = [tree.tree_.predict(features)[:, 0] for tree in self._forest.estimators_]
        return self._scaled.restore(np.mean(trees, 0))
