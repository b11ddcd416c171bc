"""From genotypes to their networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nasbench_ga.errors import UnknownNameError
from nasbench_ga.networks.initialisation import DISTRIBUTIONS, initialise, zeros
from nasbench_ga.registry import Registry
from nasbench_ga.spaces import Genotypes, Space, get_space

Initial = Literal["published", "he", "xavier"]


class Inheritance(NamedTuple):
    """What a network took over from a trained one: names of modules, as `named_modules` has them.

    Attributes:
        matched: modules that were taken over whole; never the output layer, so that there is always something to train.
        leading: those of them before which nothing was changed, so that they compute what they did in the parent.
    """

    matched: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset()


class Network(nn.Module, ABC):
    """A network whose untrained weights follow from a seed."""

    @abstractmethod
    def initialise(self, seed: int) -> None:
        """Sets all weights to those of the seed, distributed as the benchmark's authors had them."""

    def inherit(self, parent: Network) -> Inheritance:  # noqa: ARG002
        """Takes over the weights of what it shares with a trained network; nothing, where nobody said what that is."""
        return Inheritance()

    def in_sequence(self) -> Sequence[nn.Module]:
        """The modules that `forward` sends images through one after the other; none where nobody said that it does."""
        return ()

    def relus(self) -> Iterator[tuple[nn.Module, Sequence[int]]]:
        """Every ReLU, with the numbers of the networks that go through it, of those side by side in this module."""
        return ((module, (0,)) for module in self.modules() if isinstance(module, nn.ReLU))


builders: Registry[Callable[..., Network]] = Registry("benchmark with networks")
"""By benchmark: what makes a network of a cell (as `Space.decode` gives it), of keyword arguments for its sizes."""

side_by_side: Registry[Callable[..., Network]] = Registry("benchmark with networks side by side")
"""By benchmark: what makes one module of the networks of a list of cells, all of the same sizes."""


def build_network(
    space: Space,
    genotype: Genotypes,
    classes: int = 10,
    seed: int = 0,
    device: str = "cpu",
    initial: Initial = "published",
    **sizes: Any,
) -> Network:
    """The untrained network of a genotype, in the benchmark's own encoding of its cell.

    Genotypes that `Space.identify` numbers alike give one network, and a seed gives the same weights on every machine;
    torch's own random numbers are left alone.

    Args:
        space: the space of the genotype.
        genotype: int8, shape (genes,).
        classes: width of the classifier.
        seed: of the weights, 0 or more.
        device: where the weights lie.
        initial: how untrained weights are distributed: published (as the benchmark's authors had them), he or xavier
            (see `initialisation`).
        **sizes: widths and depths other than the published ones; see `NB101Network` and `NATSNetwork`.

    Returns:
        A module from images, float, shape (n, 3, height, width) or (n, *space.image), to logits, shape (n, classes).

    Raises:
        UnknownNameError: nothing says what the networks of this space are, or there are no such initial weights.
        NasbenchError: not a genotype of the space.
    """
    make = builders[space.benchmark]
    (cell,) = _published_cells(space, np.asarray(genotype)[None])
    own = {} if space.image is None else {"image": space.image}
    return _untrained(partial(make, cell, classes=classes, **own, **sizes), seed, device, initial)


def build_networks(
    space: Space, genotypes: Genotypes, at_once: int = 1, seed: int = 0, device: str = "cpu", **sizes: Any
) -> Iterator[tuple[slice, Network]]:
    """The untrained networks of genotypes, up to `at_once` side by side in one module where their benchmark has that.

    For scoring, not for training: parts that no image reaches, or that reach no output, are left out of networks side
    by side, which share stem and classifier.

    Args:
        space: the space of the genotypes.
        genotypes: int8, shape (n, genes).
        at_once: most networks in a module.
        seed: of the weights, 0 or more.
        device: where the weights lie.
        **sizes: widths and depths other than the published ones.

    Yields:
        Which of the genotypes, and their module.

    Raises:
        UnknownNameError: nothing says what the networks of this space are.
    """
    cells = _published_cells(space, genotypes)
    together = side_by_side.get(space.benchmark)
    for start in range(0, len(cells), at_once if together else 1):
        chosen = slice(start, min(start + at_once, len(cells)) if together else start + 1)
        make = partial(together, cells[chosen]) if together else partial(builders[space.benchmark], cells[start])
        yield chosen, _untrained(partial(make, **sizes), seed, device)


def _published_cells(space: Space, genotypes: Genotypes) -> list[Any]:
    benchmark = space if space.name == space.benchmark else get_space(space.benchmark)
    return [benchmark.decode(cell) for cell in space.published(genotypes)]


def _untrained(make: Callable[[], Network], seed: int, device: str, initial: str = "published") -> Network:
    if initial not in ("published", *DISTRIBUTIONS):
        raise UnknownNameError("distribution of initial weights", initial, ("published", *DISTRIBUTIONS))
    with torch.device("meta"):
        network = make()
    network.to_empty(device=device)
    if initial == "published":
        network.initialise(seed)
    else:
        initialise(network, seed, DISTRIBUTIONS[initial], zeros)
    return network


def added(tensors: Sequence[Tensor]) -> Tensor:
    """The sum of at least one tensor."""
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total
