"""What every search space offers: everything about genotypes, nothing about their quality."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.registry import Registry
from nasbench_ga.spaces.graphs import FIRST_OPERATION, INPUT_VERTEX, OUTPUT_VERTEX, Graphs

Genotypes = NDArray[np.int8]
"""Genotypes, one a row: int8, shape (n, genes)."""

spaces: Registry[type[Space]] = Registry("space")
register_space = spaces.register

MOST_CELLS = 2**63 - 1
_CROSSOVER_TRIES = 100


class Space(ABC):
    """A finite set of architectures, written as rows of small integers.

    Everything is vectorised over a leading axis n. Whatever takes genotypes checks their shape, type and range, and
    whatever gives genotypes gives valid ones.

    Attributes:
        name: registered name.
        benchmark: the space whose tables tell about its cells: itself, or the one that it is another encoding of.
        cardinalities: int8, shape (genes,): gene i takes the values 0 .. cardinalities[i] - 1.
        edges: the first so many genes are edge bits; 0 where no gene is.
        size: number of cells in the benchmark, which are the rows of its tables; `identify` gives 0 .. size - 1.
        enumerable: whether `enumerate` gives all cells. If not, numbers cannot be turned back into genotypes.
        image: channels, height and width of the images that its networks take; None: any colour image.
        Settings: what it can be made with, one object as its first argument; None where there is nothing to set.
        settings: what it was made with.
    """

    name: ClassVar[str]
    benchmark: ClassVar[str]
    cardinalities: Genotypes
    edges: ClassVar[int] = 0
    size: ClassVar[int]
    enumerable: ClassVar[bool] = True
    image: tuple[int, int, int] | None = None
    Settings: ClassVar[type[Any] | None] = None
    settings: Any = None

    @property
    def genes(self) -> int:
        """Number of genes in a genotype."""
        return len(self.cardinalities)

    @property
    def most_cuts(self) -> int:
        """Most points that `crossover` can have."""
        return self.genes - 1

    def for_images(self, shape: tuple[int, int, int], classes: int) -> Space:  # noqa: ARG002
        """The same space for images of another kind; itself where its networks take any.

        Args:
            shape: channels, height and width of an image.
            classes: of the data set.
        """
        return self

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Genotypes:
        """Draws n valid genotypes, each valid genotype being equally likely; shape (n, genes)."""

    @abstractmethod
    def mutate(self, genotypes: Genotypes, rng: np.random.Generator) -> Genotypes:
        """Mutates each genotype with the rates published for this space; shape (n, genes), valid."""

    def is_valid(self, genotypes: Genotypes) -> NDArray[np.bool_]:
        """Tells which genotypes stand for an architecture of the space, shape (n,).

        Raises:
            NasbenchError: wrong shape, type or range.
        """
        return np.ones(len(self.check(genotypes)), bool)

    @abstractmethod
    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The number of each genotype's cell, which is its row in a table of this space; int64, shape (n,).

        Raises:
            NasbenchError: wrong shape, type or range, or an invalid genotype.
        """

    @abstractmethod
    def enumerate(self) -> Genotypes:
        """One genotype of every cell that the space can express, in the order of `identify`.

        Shape (size, genes), or fewer rows where the benchmark has cells that the space cannot express.

        Raises:
            NasbenchError: the space is not `enumerable`.
        """

    def genotypes_of(self, ids: NDArray[np.integer]) -> Genotypes:
        """One genotype of each numbered cell, shape (n, genes).

        Args:
            ids: as `identify` gives them, shape (n,).

        Raises:
            NasbenchError: there is no such cell, the space cannot express it, or it is not `enumerable`.
        """
        return self.enumerate()[self._check_ids(ids)]

    def _check_ids(self, ids: NDArray[np.integer]) -> NDArray[np.integer]:
        ids = np.asarray(ids)
        if (wrong := ids[(ids < 0) | (ids >= self.size)]).size:
            raise NasbenchError(f"Cells of {self.name} are numbered 0 to {self.size - 1}, so none is {wrong[0]}.")
        return ids

    def published(self, genotypes: Genotypes) -> Genotypes:
        """The one genotype of each cell in the encoding of the space's `benchmark`, shape (n, genes there).

        Raises:
            NasbenchError: wrong shape, type or range, or an invalid genotype.
        """
        benchmark = self if self.name == self.benchmark else get_space(self.benchmark)
        return benchmark.genotypes_of(self.identify(genotypes))

    def canonical(self, genotypes: Genotypes, per_network: bool = False) -> Genotypes:  # noqa: ARG002
        """The one genotype that stands for each cell, whichever way it is written; shape (n, genes).

        Args:
            genotypes: shape (n, genes).
            per_network: let cells that are one network be stood for by one of them.
        """
        return self.genotypes_of(self.identify(genotypes))

    def isomorphism_class(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """A number that is the same for cells that are the same network; int64, shape (n,)."""
        return self.identify(genotypes)

    @abstractmethod
    def isomorphs(self, genotype: Genotypes) -> Genotypes:
        """Every published encoding of the same network as `genotype` (shape (genes,)), each once; shape (m, genes)."""

    def augment(self, genotypes: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """Every published encoding of each genotype's network that `features` tells apart, each once.

        This is how NAS-EA-FA V2 enlarges its training set (Pan & Yao 2021).

        Args:
            genotypes: shape (n, genes).

        Returns:
            The encodings, shape (m, genes), and which of the genotypes each is of, ascending; int64, shape (m,).
        """
        genotypes = self.check(genotypes)
        groups = [np.empty((0, self.genes), np.int8), *map(self.isomorphs, genotypes)]
        owners = np.repeat(np.arange(len(groups)), [len(group) for group in groups]) - 1
        encodings = np.vstack(groups)
        rows = distinct(owners, self.features(encodings))
        return encodings[rows], owners[rows]

    @abstractmethod
    def features(self, genotypes: Genotypes) -> NDArray[np.float32]:
        """The published binary encoding of each cell: zeros and ones, shape (n, f)."""

    def graphs(self, genotypes: Genotypes) -> Graphs:  # noqa: ARG002
        """Each cell as a graph, for graph networks.

        Raises:
            NasbenchError: the space does not say what graph its cells are.
        """
        raise NasbenchError(
            f"The space {self.name} does not say what graph its cells are: define `graphs`, or choose what needs none, "
            "such as the surrogate xgboost."
        )

    def parameters(self, genotypes: Genotypes, classes: int = 10) -> NDArray[np.int64]:  # noqa: ARG002
        """Trainable parameters of the published network of each cell, shape (n,).

        Args:
            genotypes: shape (n, genes).
            classes: width of the classifier, 10 for CIFAR-10.

        Raises:
            NasbenchError: the space does not say what its networks are.
        """
        raise NasbenchError(f"The space {self.name} does not say how many parameters its networks have.")

    @abstractmethod
    def encode(self, cell: Any) -> Genotypes:
        """The genotype, shape (genes,), of a cell in the form that `decode` gives.

        Raises:
            NasbenchError: not a cell of this space.
        """

    @abstractmethod
    def decode(self, genotype: Genotypes) -> Any:
        """The cell of one genotype, shape (genes,), in the form that papers print; `str` of it is text."""

    def crossover(self, a: Genotypes, b: Genotypes, rng: np.random.Generator, points: int | None = None) -> Genotypes:
        """Crosses row i of `a` with row i of `b`; each child starts with a gene of `a` or of `b`, equally likely.

        A child that is not valid is crossed again, up to 100 times; then it is a copy of its parent in `a`.

        Args:
            a: first parents, shape (n, genes).
            b: second parents, shape (n, genes).
            rng: source of randomness.
            points: cut at this many different places between genes; None takes every gene from either parent
                (uniform crossover).

        Raises:
            NasbenchError: parents of different numbers, or more cuts than there are places between genes.
        """
        a, b = self.check(a), self.check(b)
        self._check_crossing(a, b, points)
        children = a.copy()
        pending = np.arange(len(a))
        for _ in range(_CROSSOVER_TRIES):
            if not len(pending):
                break
            from_b = self._crossover_mask(len(pending), rng, points)
            crossed = np.where(from_b, b[pending], a[pending])
            valid = self.is_valid(crossed)
            children[pending[valid]] = crossed[valid]
            pending = pending[~valid]
        return children

    def _check_crossing(self, a: Genotypes, b: Genotypes, points: int | None) -> None:
        if len(a) != len(b):
            raise NasbenchError(f"Crossover needs as many first as second parents, got {len(a)} and {len(b)}.")
        if points is not None and not 1 <= points <= self.most_cuts:
            raise NasbenchError(f"Crossover in {self.name} can have 1 to {self.most_cuts} points, not {points}.")

    def _crossover_mask(self, n: int, rng: np.random.Generator, points: int | None) -> NDArray[np.bool_]:
        if points is None:
            return rng.random((n, self.genes)) < 0.5
        cuts = rng.random((n, self.genes - 1)).argsort(1)[:, :points]
        segment = np.zeros((n, self.genes), int)
        np.put_along_axis(segment, cuts + 1, 1, axis=1)
        return (segment.cumsum(1) + rng.integers(2, size=(n, 1))) % 2 == 1

    def check(self, genotypes: ArrayLike) -> Genotypes:
        """Genotypes as a contiguous int8 array of shape (n, genes).

        Raises:
            NasbenchError: wrong shape, type or range.
        """
        array = np.asarray(genotypes)
        if array.ndim != 2 or array.shape[1] != self.genes:
            raise NasbenchError(
                f"Expected {self.name} genotypes of shape (n, {self.genes}), got shape {array.shape}"
                + ("; write genotype[None] for a single one." if array.shape == (self.genes,) else ".")
            )
        if array.dtype != np.int8:
            if array.dtype.kind not in "iub":
                raise NasbenchError(f"Expected {self.name} genotypes of integers (int8), got {array.dtype}.")
            narrow = array.astype(np.int8)
            if not np.array_equal(narrow, array):
                raise self._out_of_range(array)
            array = narrow
        array = np.ascontiguousarray(array)
        if (array.view(np.uint8) >= self.cardinalities.view(np.uint8)).any():
            raise self._out_of_range(array)
        return array

    def _out_of_range(self, array: NDArray[Any]) -> NasbenchError:
        row, gene = np.argwhere((array < 0) | (array >= self.cardinalities))[0]
        return NasbenchError(
            f"Gene {gene} of {self.name} takes the values 0 to {self.cardinalities[gene] - 1}, "
            f"but genotype {row} has {array[row, gene]} there."
        )


def get_space(name: str, settings: Any = None) -> Space:
    """The space registered under `name`.

    Args:
        name: as registered.
        settings: an object of the space's `Settings`; None for the usual ones.

    Raises:
        UnknownNameError: there is none; the message lists them.
        NasbenchError: settings that are not this space's, or that no cell meets.
    """
    kind = spaces[name]
    if settings is None:
        return kind()
    if kind.Settings is None:
        raise NasbenchError(f"The space {name} has nothing to set, but got {settings!r}.")
    if not isinstance(settings, kind.Settings):
        raise NasbenchError(f"The settings of the space {name} are a {kind.Settings.__name__}, not {settings!r}.")
    make: Callable[[Any], Space] = kind
    return make(settings)


class CategoricalSpace(Space):
    """A space in which every combination of gene values is an architecture of its own.

    A subclass names itself and its `cardinalities`, and says how a cell is written (`encode`, `decode`); what is
    here serves it as it is: cells are numbered by their genes as digits, the last gene changing fastest.
    """

    def __init_subclass__(cls) -> None:
        """Counts the cells, once they are known: another process makes a notebook's class before what is in it."""
        super().__init_subclass__()
        if not hasattr(cls, "cardinalities"):
            return
        cardinalities = np.asarray(cls.cardinalities)
        if cardinalities.dtype != np.int8 or cardinalities.ndim != 1 or not (cardinalities > 1).all():
            raise NasbenchError(
                f"The cardinalities of {cls.__name__} are an int8 array with a number from 2 to 127 for each gene, "
                f"not {cls.cardinalities!r}."
            )
        if math.prod(cardinalities.tolist()) > MOST_CELLS:
            raise NasbenchError(f"{cls.__name__} has more than {MOST_CELLS:,} cells, which cannot be numbered.")
        cls.size = math.prod(cls.cardinalities.tolist())

    def sample(self, n: int, rng: np.random.Generator) -> Genotypes:
        """Draws each gene uniformly."""
        return rng.integers(self.cardinalities, size=(n, self.genes), dtype=np.int8)

    def mutate(self, genotypes: Genotypes, rng: np.random.Generator, rate: float | None = None) -> Genotypes:
        """Changes each gene to another value with probability `rate`, 1/genes if not given."""
        genotypes = self.check(genotypes)
        return redraw(genotypes, self.cardinalities, 1 / self.genes if rate is None else rate, rng)

    def identify(self, genotypes: Genotypes) -> NDArray[np.int64]:
        """The number that each genotype is when its genes are digits, shape (n,)."""
        return self.check(genotypes) @ self._place_values()

    def _place_values(self) -> NDArray[np.int64]:
        return np.cumprod([1, *self.cardinalities[:0:-1].astype(np.int64)])[::-1]

    def canonical(self, genotypes: Genotypes, per_network: bool = False) -> Genotypes:  # noqa: ARG002
        """The genotypes themselves: no other is the same cell; shape (n, genes)."""
        return self.check(genotypes)

    def enumerate(self) -> Genotypes:
        """Every genotype, in the order of `identify`; shape (size, genes)."""
        return self._digits(np.arange(self.size))

    def genotypes_of(self, ids: NDArray[np.integer]) -> Genotypes:
        """The genotype of each numbered cell, shape (n, genes)."""
        if type(self).enumerate is not CategoricalSpace.enumerate:  # a subclass with numbers of its own
            return super().genotypes_of(ids)
        return self._digits(self._check_ids(ids))

    def _digits(self, numbers: NDArray[np.integer]) -> Genotypes:
        return (numbers[:, None] // self._place_values() % self.cardinalities).astype(np.int8)

    def isomorphs(self, genotype: Genotypes) -> Genotypes:
        """The genotype itself, shape (1, genes)."""
        return self.check(np.asarray(genotype)[None])

    def augment(self, genotypes: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """The genotypes themselves, each its own."""
        genotypes = self.check(genotypes)
        return genotypes, np.arange(len(genotypes))

    def features(self, genotypes: Genotypes) -> NDArray[np.float32]:
        """One-hot of each gene, shape (n, sum of cardinalities)."""
        genotypes = self.check(genotypes)
        starts = np.cumsum([0, *self.cardinalities[:-1].astype(np.int64)])
        one_hot = np.zeros((len(genotypes), int(self.cardinalities.sum(dtype=np.int64))), np.float32)
        np.put_along_axis(one_hot, genotypes + starts, 1.0, axis=1)
        return one_hot

    def graphs(self, genotypes: Genotypes) -> Graphs:
        """A chain from input to output with a vertex for each gene; each value of each gene is a label of its own."""
        genotypes = self.check(genotypes)
        n, vertices = len(genotypes), self.genes + 2
        starts = np.cumsum([FIRST_OPERATION, *self.cardinalities.astype(np.int64)])
        labels = np.empty((n, vertices), np.int16)
        labels[:, 0], labels[:, 1:-1], labels[:, -1] = INPUT_VERTEX, genotypes + starts[:-1], OUTPUT_VERTEX
        chain = np.eye(vertices, k=1, dtype=bool)
        return Graphs(labels, np.tile(chain, (n, 1, 1)), int(starts[-1]))


def redraw(genes: Genotypes, cardinalities: Genotypes, rate: float, rng: np.random.Generator) -> Genotypes:
    """Changes each gene, with probability `rate`, to one of its other values, equally likely."""
    shifts = rng.integers(1, cardinalities, size=genes.shape, dtype=np.int8)
    return np.where(rng.random(genes.shape) < rate, (genes + shifts) % cardinalities, genes).astype(np.int8)


def distinct(owners: NDArray[np.int64], values: NDArray[Any]) -> NDArray[np.int64]:
    """Rows of the different values of each owner, the first of equal ones; by owner, then by value.

    Args:
        owners: 0 or more, shape (n,).
        values: shape (n, any).
    """
    values = np.ascontiguousarray(values)
    width = values.shape[1] * values.itemsize
    texts = np.hstack([owners.astype(">u8").view(np.uint8).reshape(-1, 8), values.view(np.uint8).reshape(-1, width)])
    return np.unique(texts.view(f"S{8 + width}").ravel(), return_index=True)[1]
