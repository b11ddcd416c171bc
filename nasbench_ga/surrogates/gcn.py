"""Graph networks as surrogates: a small one that vertex order does not touch, and the one of the study."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate

if TYPE_CHECKING:
    from nasbench_ga.surrogates.graph_networks import CellNetwork, DervisiNetwork

MEMBERS = 3


class NormalScores(NamedTuple):
    """Labels as the quantiles of a normal distribution that their ranks are, and the way back.

    Attributes:
        values: the different labels, ascending, shape (k,), k > 1.
        scores: the quantile of each, ascending, shape (k,).
        labels: the quantile of each label that came, in their order, shape (n,).
    """

    values: NDArray[np.float64]
    scores: NDArray[np.float64]
    labels: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> NormalScores:
        """The quantile of label i is that of the share of labels below it and half of those equal to it."""
        distinct, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
        shares = (np.cumsum(count) - count / 2) / len(values)
        scores = np.array([NormalDist().inv_cdf(share) for share in shares.tolist()])
        return cls(distinct, scores, scores[inverse])

    def restore(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predictions on the scale of the labels, in the same order.

        Between labels it is linear; beyond them it goes on with the slope from the least to the greatest.
        """
        inside = np.clip(predicted, self.scores[0], self.scores[-1])
        slope = (self.values[-1] - self.values[0]) / (self.scores[-1] - self.scores[0])
        return np.interp(inside, self.scores, self.values) + slope * (predicted - inside)


@register_surrogate("gcn")
class GraphSurrogate(Surrogate):
    """The mean of 3 small graph networks, which differ in first weights and batches.

    They learn the ranks of the labels, as quantiles of a normal distribution: neither the scale of a fitness nor a few
    networks that did not train at all make a difference then.

    The vertices of a cell may come in any order, so one encoding of each cell is enough on nb101. Strings of nats-tss
    that are one network can be different graphs (skip connections are vertices), and those it tells apart: taught all
    of them, it ranks better by 0.01 to 0.03 of Kendall's tau, and learns for up to three times as long.
    """

    sees_order = False
    sees_graphs = True
    libraries = ("torch", "torch_geometric")

    _scores: NormalScores
    _networks: list[CellNetwork]

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        from nasbench_ga.surrogates.graph_networks import torch_on_one_thread, train_cell_network

        graphs, self._scores = self.space.graphs(genotypes), NormalScores.of(values)
        seeds = np.random.default_rng(self.seed).integers(2**32, size=MEMBERS).tolist()
        with torch_on_one_thread():
            self._networks = [train_cell_network(graphs, self._scores.labels, seed) for seed in seeds]

    def _predict(self, genotypes: Genotypes) -> NDArray[np.float64]:
        from nasbench_ga.surrogates.graph_networks import predict, torch_on_one_thread

        graphs = self.space.graphs(genotypes)
        with torch_on_one_thread():
            each = [predict(network, graphs) for network in self._networks]
        return self._scores.restore(np.mean(each, axis=0))


@register_surrogate("gcn-dervisi")
class DervisiGraphSurrogate(Surrogate):
    """The graph network of Dervisi's study, trained from scratch at every fit (`foteinidd/genetic_nas_acceleration`).

    Five GraphSAGE layers whose LSTM reads a vertex's predecessors in their order, so that isomorphic encodings are
    different examples; 100 epochs, whose time grows with the number of examples.

    The ReLU on its output keeps predictions at 0 or above, so labels are learned as the share of the way from the
    least to the greatest one (the study took accuracies from 0 to 1 as they are, which says nothing of other
    fitnesses), and nothing is predicted below the least. From most first weights on, that ReLU or the one before it is
    dead soon for every cell; the study had fixed weights to start from, here others are tried (see `train_dervisi`). It
    may still die later, and then all predictions are equal. In float64, the study in float32.
    """

    sees_graphs = True
    libraries = ("torch", "torch_geometric")

    _least: float
    _range: float
    _network: DervisiNetwork

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        from nasbench_ga.surrogates.graph_networks import torch_on_one_thread, train_dervisi

        self._least, self._range = float(values.min()), float(np.ptp(values))
        with torch_on_one_thread():
            labels = (values - self._least) / self._range
            self._network = train_dervisi(self.space.graphs(genotypes), labels, self.seed)

    def _predict(self, genotypes: Genotypes) -> NDArray[np.float64]:
        from nasbench_ga.surrogates.graph_networks import predict, torch_on_one_thread

        with torch_on_one_thread():
            return predict(self._network, self.space.graphs(genotypes)) * self._range + self._least
