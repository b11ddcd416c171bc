"""Chains of layers of any length, each with numbers of its own, for images of any size."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.base import MOST_CELLS, Genotypes, Space, register_space
from nasbench_ga.spaces.graphs import Graphs
from nasbench_ga.spaces.layer_chain_settings import LayerChainSettings
from nasbench_ga.spaces.layer_costs import Layout, count_multiply_adds, count_parameters, lay_out
from nasbench_ga.spaces.layer_drawing import Layers, draw_chain
from nasbench_ga.spaces.layer_encodings import chain_features, chain_graphs
from nasbench_ga.spaces.layer_faults import find_faults, reasons
from nasbench_ga.spaces.layer_operators import OPERATORS, cross
from nasbench_ga.spaces.layers import CARDINALITIES, GENES, Chain, Layer, from_genes, to_genes

_SAMPLE_TRIES, _MUTATION_TRIES, _CROSSOVER_TRIES = 20, 10, 100


@register_space("layer-chain")
class LayerChain(Space):
    """Convolutional networks that are chains: convolutions, pooling and residual blocks, then dense layers; dropout.

    A genotype has a slot of 9 genes (`nasbench_ga.spaces.layers.GENES`) for each of `max_layers` layers; empty slots
    are the last ones. The output layer, dense to the classes, belongs to every chain and has no genes. A cell is a
    `Chain`, or the text that it is written as. Convolutions and residual blocks have biases, end in a ReLU and have
    batch norm unless they are "plain"; dense layers end in a ReLU. Everything is padded so that an output is its input
    divided by the stride, rounded up (TensorFlow's "same"); average pooling does not count the padding.

    Chains are too many to be numbered: `identify` gives a hash, which depends on nothing but the layers, and by which
    they cannot be found again.

    Args:
        settings: limits, what every chain begins with, and the rates of mutation.
        image: channels, height and width of the images.
        classes: of the images.

    Raises:
        NasbenchError: no chain keeps within the limits.
    """

    name = benchmark = "layer-chain"
    size = MOST_CELLS
    enumerable = False
    Settings = LayerChainSettings
    image: tuple[int, int, int]

    def __init__(
        self,
        settings: LayerChainSettings | None = None,
        image: tuple[int, int, int] = (1, 28, 28),
        classes: int = 10,
    ) -> None:
        self.settings = settings or LayerChainSettings()
        self.image, self.classes = _checked_image(image, classes)
        self.cardinalities = np.tile(np.array(CARDINALITIES, np.int8), self.settings.max_layers)
        self.smallest = self._find_smallest()
        """The layers behind the prefix of the chain with the fewest parameters."""
        layout = lay_out(self._write([self.smallest]), self.image)
        self._check_limit("parameters", int(count_parameters(layout, self.classes)[0]))
        self._check_limit("multiply_adds", int(count_multiply_adds(layout, self.classes)[0]))

    def _check_limit(self, what: str, fewest: int) -> None:
        limit = getattr(self.settings, f"max_{what}")
        if limit is not None and fewest > limit:
            raise NasbenchError(
                f"No chain has as few as {limit:,} {what.replace('_', '-')} (layer_chain.max_{what}): the smallest "
                f"that the other settings allow for images of shape {self.image} and {self.classes} classes has "
                f"{fewest:,}. It is: {Chain((*self.settings.fixed, *self.smallest))}."
            )

    def for_images(self, shape: tuple[int, int, int], classes: int) -> LayerChain:
        """The same chains for images of another size and number of classes."""
        return type(self)(self.settings, shape, classes)

    @property
    def most_cuts(self) -> int:
        """Most points of a crossover: behind each layer but those of the prefix."""
        return max(self.settings.free, 1)

    # --- Variation

    def sample(self, n: int, rng: np.random.Generator) -> Genotypes:
        """Draws n valid chains, mostly of about five layers, small ones if the limit of parameters is low.

        A chain with too many parameters is drawn again, ever narrower; after 20 tries it is the smallest there is.
        """
        genotypes = self._write([self.smallest] * n)
        pending = np.arange(n)
        for tries in range(_SAMPLE_TRIES):
            if not len(pending):
                break
            drawn = self._write([draw_chain(rng, self.settings, tries) for _ in pending])
            valid = self.is_valid(drawn)
            genotypes[pending[valid]] = drawn[valid]
            pending = pending[~valid]
        return genotypes

    def mutate(self, genotypes: Genotypes, rng: np.random.Generator, step: float = 1.0) -> Genotypes:
        """Applies one operator to each chain: inserts, deletes or modifies a layer, or switches two.

        The operator is one that can be applied, as likely as the settings say. What is not valid, or is the parent, is
        tried again, up to 10 times with each operator; then it is a copy of its parent.

        Args:
            genotypes: shape (n, genes).
            rng: source of randomness.
            step: how far a modified number moves at most, as a share of its usual range; always by at least one.

        Raises:
            NasbenchError: no chains of this space, or a step below 0.
        """
        if not (step >= 0 and math.isfinite(step)):
            raise NasbenchError(f"The step of a mutation is a number, 0 or more, not {step!r}.")
        children = self._check_valid(genotypes).copy()
        chains, orders = self._read(children), self._operators(len(children), rng)
        pending = np.arange(len(children))
        for attempt in range(orders.shape[1] * _MUTATION_TRIES):
            if not len(pending):
                break
            names = orders[pending, attempt // _MUTATION_TRIES]
            candidates = self._write(
                [
                    OPERATORS[name](chains[row], rng, self.settings, step) or ()
                    for name, row in zip(names, pending, strict=True)
                ]
            )
            good = self.is_valid(candidates) & (candidates != children[pending]).any(1)
            children[pending[good]] = candidates[good]
            pending = pending[~good]
        return children

    def _operators(self, n: int, rng: np.random.Generator) -> NDArray[np.str_]:
        """The order in which operators are tried on each of n chains, shape (n, operators that are used)."""
        weights = np.array(self.settings.weights)
        used = weights > 0
        waits = rng.exponential(size=(n, int(used.sum()))) / weights[used]
        return np.array(list(OPERATORS))[used][waits.argsort(1)]

    def crossover(self, a: Genotypes, b: Genotypes, rng: np.random.Generator, points: int | None = None) -> Genotypes:
        """Crosses row i of `a` with row i of `b`; each child begins with layers of `a` or of `b`, equally likely.

        Each parent is cut behind `points` layers of its own, so that children may be shorter or longer than both; a
        parent with fewer layers is cut in fewer places, as is then the other. Equal parents have that child. A child
        that is not valid is crossed again, up to 100 times; then it is a copy of its parent in `a`.

        Args:
            a: first parents, shape (n, genes).
            b: second parents, shape (n, genes).
            rng: source of randomness.
            points: how often each parent is cut; None takes the layer in each place from either parent.

        Raises:
            NasbenchError: parents of different numbers, or more cuts than there are places between layers.
        """
        a, b = self._check_valid(a), self._check_valid(b)
        self._check_crossing(a, b, points)
        children, first, second = a.copy(), self._read(a), self._read(b)
        pending = np.arange(len(a))
        for _ in range(_CROSSOVER_TRIES):
            if not len(pending):
                break
            crossed = self._write([cross(first[row], second[row], rng, points) for row in pending])
            valid = self.is_valid(crossed)
            children[pending[valid]] = crossed[valid]
            pending = pending[~valid]
        return children

    # --- What is a chain, and which

    def is_valid(self, genotypes: Genotypes) -> NDArray[np.bool_]:
        """Tells which genotypes are chains within the limits, shape (n,)."""
        return self._faults(self.check(genotypes)) == 0

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """A hash of each chain's layers, the same whatever the settings; int64, shape (n,), from 0 to 2**63 - 2."""
        rows = (genotype.tobytes().rstrip(b"\0") for genotype in self._check_valid(genotypes))
        return np.fromiter((_number(row) for row in rows), np.int64)

    def enumerate(self) -> Genotypes:
        """Not possible.

        Raises:
            NasbenchError: always.
        """
        raise NasbenchError(
            f"The chains of {self.name} are too many to be enumerated, and their numbers cannot be turned back into "
            "genotypes: keep the genotypes."
        )

    def published(self, genotypes: Genotypes) -> Genotypes:
        """The genotypes themselves."""
        return self._check_valid(genotypes)

    def canonical(self, genotypes: Genotypes, per_network: bool = False) -> Genotypes:  # noqa: ARG002
        """The genotypes themselves: no other is the same chain; shape (n, genes)."""
        return self._check_valid(genotypes)

    def isomorphs(self, genotype: Genotypes) -> Genotypes:
        """The genotype itself, shape (1, genes)."""
        return self._check_valid(np.asarray(genotype)[None])

    def augment(self, genotypes: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """The genotypes themselves, each its own."""
        genotypes = self._check_valid(genotypes)
        return genotypes, np.arange(len(genotypes))

    # --- Encodings

    def features(self, genotypes: Genotypes) -> NDArray[np.float32]:
        """Each layer's numbers, and what there is in all, as zeros and ones (see `chain_features`); shape (n, f)."""
        return chain_features(self._check_valid(genotypes), self.settings.max_kernel)

    def graphs(self, genotypes: Genotypes) -> Graphs:
        """Each chain as a graph without branches (see `chain_graphs`)."""
        return chain_graphs(self._check_valid(genotypes), self.settings.max_kernel)

    def encode(self, cell: Chain | str) -> Genotypes:
        """The genotype, shape (genes,), of a chain or of the text that it is written as.

        Raises:
            NasbenchError: no chain, or one beyond the limits.
        """
        chain = cell if isinstance(cell, Chain) else Chain.parse(str(cell))
        if not 1 <= len(chain) <= self.settings.max_layers:
            raise NasbenchError(
                f"A chain of {self.name} has 1 to {self.settings.max_layers} layers (layer_chain.max_layers), "
                f"not {len(chain)}."
            )
        genotype = np.frombuffer(_genes(chain, self.genes), np.int8)[None].copy()
        if fault := self._faults(genotype)[0]:
            raise NasbenchError(f"{chain} is no chain of this space: {reasons(self.settings)[fault - 1]}.")
        return genotype[0]

    def decode(self, genotype: Genotypes) -> Chain:
        """The chain of one genotype, shape (genes,)."""
        return Chain(_layers(self._check_valid(np.asarray(genotype)[None])[0]))

    # --- Costs

    def parameters(self, genotypes: Genotypes, classes: int | None = None) -> NDArray[np.int64]:
        """Free parameters of each network, shape (n,); see `count_parameters`.

        Args:
            genotypes: shape (n, genes).
            classes: width of the output layer; None for the space's own.
        """
        return count_parameters(self._layout(genotypes), self.classes if classes is None else classes)

    def multiply_adds(self, genotypes: Genotypes, classes: int | None = None) -> NDArray[np.int64]:
        """Multiplications of weights with inputs for one image, shape (n,); what training costs grows with them.

        Args:
            genotypes: shape (n, genes).
            classes: width of the output layer; None for the space's own.
        """
        return count_multiply_adds(self._layout(genotypes), self.classes if classes is None else classes)

    def _layout(self, genotypes: Genotypes) -> Layout:
        return lay_out(self._check_valid(genotypes), self.image)

    def _find_smallest(self) -> Layers:
        """The layers behind the prefix of the chain with the fewest parameters.

        It pools as much as it has to, may have a convolution with one map if that is cheaper than what it saves, and
        dense layers of one unit.
        """
        settings, side = self.settings, self.settings.max_kernel
        pool = Layer("maxpool", side, side, side, side)
        convolution = Layer("conv", 1, 1, side, side, 1, norm=settings.batch_norm)
        tails = [
            (pool,) * pools + (convolution,) * convolutions + (Layer("dense", units=1),) * dense
            for dense in (settings.more_dense, settings.more_dense + 1)
            for convolutions in ((0,) if settings.flat else (0, 1))
            for pools in ((0,) if settings.flat else range(settings.free + 1))
        ]
        tails = [tail for tail in tails if len(tail) <= settings.free and (tail or settings.fixed)]
        counts = count_parameters(lay_out(self._write(tails), self.image), self.classes)
        return tails[int(counts.argmin())]

    # --- Genes

    def _faults(self, genotypes: Genotypes) -> NDArray[np.int64]:
        parameters = multiply_adds = np.zeros(len(genotypes), np.int64)
        if self.settings.costs_are_limited:
            layout = lay_out(genotypes, self.image)
            parameters = count_parameters(layout, self.classes)
            multiply_adds = count_multiply_adds(layout, self.classes)
        return find_faults(genotypes, self.settings, parameters, multiply_adds)

    def _check_valid(self, genotypes: Genotypes) -> Genotypes:
        genotypes = self.check(genotypes)
        faults = self._faults(genotypes)
        if (wrong := np.flatnonzero(faults)).size:
            reason = reasons(self.settings)[faults[wrong[0]] - 1]
            raise NasbenchError(f"Genotype {wrong[0]} is no {self.name}: {reason}. Ask is_valid first.")
        return genotypes

    def _read(self, genotypes: Genotypes) -> list[Layers]:
        """The layers behind the prefix of each valid genotype."""
        return [_layers(genotype)[len(self.settings.fixed) :] for genotype in genotypes]

    def _write(self, chains: Iterable[Layers]) -> Genotypes:
        """The genotypes of the prefix and these layers each, zeros where they are too many; shape (n, genes)."""
        rows = [_genes((*self.settings.fixed, *layers), self.genes) for layers in chains]
        fitting = [row if len(row) == self.genes else bytes(self.genes) for row in rows]
        return np.frombuffer(b"".join(fitting), np.int8).reshape(-1, self.genes).copy()


def _genes(layers: Iterable[Layer], genes: int) -> bytes:
    return b"".join(map(to_genes, layers)).ljust(genes, b"\0")


def _layers(genotype: Genotypes) -> Layers:
    text = genotype.tobytes()
    slots = (text[start : start + len(GENES)] for start in range(0, len(text), len(GENES)))
    return tuple(from_genes(slot) for slot in slots if slot[0])


def _number(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") % MOST_CELLS


def _checked_image(image: tuple[int, int, int], classes: int) -> tuple[tuple[int, int, int], int]:
    """Plain integers.

    Raises:
        NasbenchError: not three sizes, or no classes.
    """
    try:
        channels, height, width = map(operator.index, image)
        classes = operator.index(classes)
    except (TypeError, ValueError) as error:
        raise NasbenchError(
            f"Images have a shape (channels, height, width) and a number of classes, not {image!r} and {classes!r}."
        ) from error
    if min(channels, height, width, classes) < 1:
        raise NasbenchError(f"Images have a shape and classes of 1 and more, not {image} and {classes}.")
    return (channels, height, width), classes
