"""What every surrogate offers: learn from evaluated genotypes, predict the values of others."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import LibraryNotFoundError, NasbenchError, NothingToLearnError
from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space

surrogates: Registry[type[Surrogate]] = Registry("surrogate")
register_surrogate = surrogates.register


def usable(labels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which labels can be learned from: finite ones, up to 1e30 as some libraries compute in 32 bits; shape (n,)."""
    return np.abs(labels) < 1e30


class Surrogate(ABC):
    """A learned approximation of a fitness.

    A subclass learns in `_fit` and predicts in `_predict`, importing there the libraries that it names in `libraries`.
    The same seed and the same data give the same predictions, and no global state is changed: neither that of
    `random`, numpy's or torch's generators, nor torch's number of threads.

    Args:
        space: of the genotypes.
        seed: of everything random in it.

    Raises:
        LibraryNotFoundError: a library that it needs is not installed.
        NasbenchError: the space has no graphs and it needs them, or the seed is no number from 0 to 2**32 - 1.

    Attributes:
        dropped: labels of the last `fit` that were no finite numbers and were left out.
    """

    sees_order: ClassVar[bool] = True
    """Whether it tells isomorphic encodings of one cell apart, so that training on all of them teaches it something."""
    sees_graphs: ClassVar[bool] = False
    """Whether it learns from graphs, which a space may not have."""
    libraries: ClassVar[Sequence[str]] = ()
    """The modules beyond the core dependencies that it imports."""

    def __init__(self, space: Space, seed: int = 0) -> None:
        for library in self.libraries:
            if importlib.util.find_spec(library.partition(".")[0]) is None:
                own = type(self).__module__.startswith("nasbench_ga.surrogates.")
                how = ": python -m pip install 'nasbench-ga[surrogates]'" if own else ""
                raise LibraryNotFoundError(
                    f"{type(self).__name__} learns with {library}, which is not installed; install it{how}."
                )
        if not 0 <= seed < 2**32:
            raise NasbenchError(f"The seed of a surrogate is a number from 0 to 2**32 - 1, not {seed}.")
        if self.sees_graphs:
            space.graphs(np.empty((0, space.genes), np.int8))
        self.space, self.seed = space, int(seed)
        self.dropped = 0
        self._fitted = False

    def fit(self, genotypes: Genotypes, values: ArrayLike) -> None:
        """Learns from evaluated genotypes, forgetting what it learned before; labels that are not finite are left out.

        Args:
            genotypes: int8, shape (n, genes); a row may come again.
            values: their labels, shape (n,).

        Raises:
            NothingToLearnError: there are not two different finite labels. It cannot predict then.
            NasbenchError: wrong genotypes, or not as many labels.
        """
        self._fitted, self.dropped = False, 0
        genotypes, labels = self.space.check(genotypes), np.asarray(values, np.float64)
        if labels.shape != (len(genotypes),):
            raise NasbenchError(
                f"Expected one label for each genotype, shape ({len(genotypes)},), got shape {labels.shape}."
            )
        kept_rows = usable(labels)
        self.dropped = int((~kept_rows).sum())
        kept = labels[kept_rows]
        if not len(kept) or kept.min() == kept.max():
            raise NothingToLearnError(
                f"A surrogate learns from two different finite labels or more; of the {len(labels):,} that came, "
                f"{self.dropped:,} were not finite and were left out, and "
                + (f"the other {len(kept):,} are {kept[0]:g}" if len(kept) else "none is left")
                + ". Evaluate more genotypes first, or others."
            )
        self._fit(genotypes[kept_rows], kept)
        self._fitted = True

    def predict(self, genotypes: Genotypes) -> NDArray[np.float64]:
        """What it takes the labels of genotypes to be; float64, shape (n,).

        Raises:
            NasbenchError: wrong genotypes, it has not been fitted, or what it predicts are no numbers.
        """
        genotypes = self.space.check(genotypes)
        if not self._fitted:
            raise NasbenchError(f"{type(self).__name__} has learned nothing yet, so it cannot predict; call fit first.")
        if not len(genotypes):
            return np.empty(0)
        predicted = np.asarray(self._predict(genotypes))
        if predicted.shape != (len(genotypes),) or predicted.dtype.kind not in "fiub":
            raise NasbenchError(
                f"{type(self).__name__} predicts one number for each genotype, shape ({len(genotypes)},), not "
                f"{predicted.dtype} of shape {predicted.shape}."
            )
        if not np.isfinite(predicted).all():
            raise NasbenchError(f"{type(self).__name__} predicts what is no finite number.")
        return predicted.astype(np.float64)

    @abstractmethod
    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        """Learns from scratch.

        Args:
            genotypes: int8, shape (n, genes), n > 1.
            values: finite labels, not all equal, shape (n,).
        """

    @abstractmethod
    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        """Predicted labels of n > 0 genotypes, shape (n,)."""
