"""A Gaussian process (Rasmussen & Williams 2006)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate
from nasbench_ga.surrogates.labels import scale
from nasbench_ga.surrogates.one_thread import blas_on_one_thread

MOST_ROWS, MOST_ROWS_TUNED = 2_000, 300


@register_surrogate("gaussian-process")
class GaussianProcessSurrogate(Surrogate):
    """scikit-learn's Gaussian process on the published binary encoding; its prediction is the posterior mean.

    The kernel is a Matérn one of smoothness 3/2 on the distance of the bits, plus noise, with the scales of greatest
    likelihood; these are sought from little noise on, as from much the search may end in taking everything for noise.
    Time grows with the cube of the rows: it learns from 2,000 of them at most, and its scales from 300. These are
    drawn so that each network comes once before any comes twice.
    """

    libraries = ("sklearn", "threadpoolctl")

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

        self._scaled = scale(values)
        order = self._order(genotypes)
        rows, few = order[:MOST_ROWS], order[:MOST_ROWS_TUNED]
        features, labels = self.space.features(genotypes[rows]), self._scaled.labels[rows]
        kernel = ConstantKernel() * Matern(3.0, nu=1.5) + WhiteKernel(0.01)
        with blas_on_one_thread(), warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
            self._process = GaussianProcessRegressor(kernel).fit(features[: len(few)], labels[: len(few)])
            if len(rows) > len(few):
                self._process = GaussianProcessRegressor(self._process.kernel_, optimizer=None).fit(features, labels)

    def _order(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """Row numbers in a random order in which each network comes once before any comes twice; shape (n,)."""
        order = np.random.default_rng(self.seed).permutation(len(genotypes))
        networks = self.space.isomorphism_class(genotypes[order])
        grouped = np.argsort(networks, kind="stable")
        starts = np.flatnonzero(np.diff(networks[grouped], prepend=-1))
        times_before = np.empty(len(order), np.int64)
        times_before[grouped] = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
        return order[np.argsort(times_before, kind="stable")]

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        with blas_on_one_thread():
            return self._scaled.restore(self._process.predict(self.space.features(genotypes)))
