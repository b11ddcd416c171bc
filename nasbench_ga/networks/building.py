"""From a genotype to its network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space, get_space

builders: Registry[Callable[..., nn.Module]] = Registry("benchmark with networks")
"""By benchmark: what makes a network of a cell (as `Space.decode` gives it), of keyword arguments for its sizes."""


def build_network(space: Space, genotype: Genotypes, classes: int = 10, **sizes: Any) -> nn.Module:
    """The untrained network of a genotype, in the benchmark's own encoding of its cell.

    Equal cells give networks of equal structure, whichever way their genotypes are written.

    Args:
        space: the space of the genotype.
        genotype: int8, shape (genes,).
        classes: width of the classifier.
        **sizes: widths and depths other than the published ones; see `NB101Network` and `NATSNetwork`.

    Returns:
        A module from images, float, shape (n, 3, height, width), to logits, shape (n, classes).

    Raises:
        UnknownNameError: nothing says what the networks of this space are.
        NasbenchError: not a genotype of the space.
    """
    make = builders[space.benchmark]
    benchmark = get_space(space.benchmark)
    published = benchmark.enumerate()[space.identify(np.asarray(genotype)[None])[0]]
    return make(benchmark.decode(published), classes=classes, **sizes)
