"""An ensemble of small multilayer perceptrons (as predictors of BANANAS have it, White et al., AAAI 2021)."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces import Genotypes
from nasbench_ga.surrogates.base import Surrogate, register_surrogate
from nasbench_ga.surrogates.labels import Scaled, scale
from nasbench_ga.surrogates.one_thread import blas_on_one_thread

Float32s = NDArray[np.float32]

MEMBERS, WIDTH, HIDDEN = 5, 64, 2
FEWEST_STEPS, MOST_STEPS, BATCH = 300, 3_000, 64
RATE, DECAY = 0.01, 0.1
MOMENTUM, SPREAD, TINY = 0.9, 0.999, 1e-8
"""Adam's two decays and its guard against division by zero, as usual (Kingma & Ba, ICLR 2015)."""


class Perceptrons:
    """Several perceptrons of one shape, which learn side by side: ReLU between layers, none at the end.

    Weights are drawn with variance 2 / inputs (He et al., ICCV 2015), those of the last layer a tenth of that wide.

    Args:
        inputs: numbers that each takes.
        rng: source of randomness.

    Attributes:
        parameters: all of them, one after another, shape (p,); the other two are views of it.
        weights: of each layer, shape (members, inputs, outputs).
        biases: of each layer, shape (members, 1, outputs).
    """

    def __init__(self, inputs: int, rng: np.random.Generator) -> None:
        pairs = list(itertools.pairwise([inputs, *[WIDTH] * HIDDEN, 1]))
        shapes = [(MEMBERS, *pair) for pair in pairs] + [(MEMBERS, 1, outputs) for _, outputs in pairs]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        self.parameters: Float32s = np.zeros(ends[-1], np.float32)
        parts = np.split(self.parameters, ends[:-1])
        views = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        self.weights, self.biases = views[: len(pairs)], views[len(pairs) :]
        for weights in self.weights:
            weights[:] = rng.standard_normal(weights.shape, np.float32) * np.float32((2 / weights.shape[1]) ** 0.5)
        self.weights[-1] /= 10

    def layers(self, inputs: Float32s) -> list[Float32s]:
        """The inputs, shape ([members,] n, inputs), then what each layer gives, shape (members, n, outputs)."""
        layers = [inputs]
        for number, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            given = layers[-1] @ weights + biases
            layers.append(np.maximum(given, 0) if number < len(self.weights) - 1 else given)
        return layers

    def gradient(self, inputs: Float32s, labels: Float32s) -> Float32s:
        """Of each member's mean squared error, by its parameters, shape (p,).

        Args:
            inputs: shape (members, n, inputs).
            labels: shape (members, n).
        """
        layers = self.layers(inputs)
        slope = (layers.pop() - labels[..., None]) * np.float32(2 / labels.shape[1])
        by_weights, by_biases = [], []
        for weights in reversed(self.weights):
            layer = layers.pop()
            by_weights.append(layer.transpose(0, 2, 1) @ slope)
            by_biases.append(slope.sum(1))
            slope = (slope @ weights.transpose(0, 2, 1)) * (layer > 0)
        return np.concatenate([part.ravel() for part in [*reversed(by_weights), *reversed(by_biases)]])


def trained(inputs: Float32s, labels: Float32s, rng: np.random.Generator) -> Perceptrons:
    """Perceptrons that have learned by Adam with decoupled decay of weights, its rate falling to 0 along a cosine.

    It takes as many steps as there are examples, but no fewer than 300 and no more than 3,000.

    Args:
        inputs: shape (n, inputs).
        labels: shape (n,), of about mean 0 and standard deviation 1.
        rng: source of randomness.
    """
    networks = Perceptrons(inputs.shape[1], rng)
    mean, square = np.zeros_like(networks.parameters), np.zeros_like(networks.parameters)
    steps = min(max(len(inputs), FEWEST_STEPS), MOST_STEPS)
    for step in range(1, steps + 1):
        rows = rng.integers(len(inputs), size=(MEMBERS, min(BATCH, len(inputs))))
        gradient = networks.gradient(inputs[rows], labels[rows])
        mean += np.float32(1 - MOMENTUM) * (gradient - mean)
        square += np.float32(1 - SPREAD) * (gradient**2 - square)
        change = mean / np.float32(1 - MOMENTUM**step)
        change /= np.sqrt(square / np.float32(1 - SPREAD**step)) + np.float32(TINY)
        rate = np.float32(RATE * (1 + np.cos(np.pi * step / steps)) / 2)
        networks.parameters -= rate * (change + np.float32(DECAY) * networks.parameters)
    return networks


@register_surrogate("mlp-ensemble")
class MLPEnsembleSurrogate(Surrogate):
    """The mean of 5 perceptrons on the published binary encoding, which differ in first weights and batches.

    In numpy, which is as fast at this size and does not have to import torch.
    """

    libraries = ("threadpoolctl",)

    _scaled: Scaled
    _networks: Perceptrons

    def _fit(self, genotypes: Genotypes, values: NDArray[np.float64]) -> None:
        self._scaled = scale(values)
        labels = self._scaled.labels.astype(np.float32)
        with blas_on_one_thread():
            self._networks = trained(self.space.features(genotypes), labels, np.random.default_rng(self.seed))

    def _predict(self, genotypes: Genotypes) -> NDArray[np.floating]:
        with blas_on_one_thread():
            predicted = self._networks.layers(self.space.features(genotypes))[-1]
        return self._scaled.restore(predicted[..., 0].mean(0))
