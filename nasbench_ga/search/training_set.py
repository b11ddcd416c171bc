"""What NAS-EA-FA learns from: the evaluated cells in all their isomorphic encodings (Pan & Yao, IJCNN 2021).

Also as Dervisi's study had it: its code differs from its intention in five places, each of which is a switch here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search.operators import smallest_distance
from nasbench_ga.spaces import Genotypes, Space

Defect = Literal[
    "evaluates-again",
    "learns-from-30-percent",
    "takes-operations-for-edges",
    "ignores-operations",
    "compares-different-vectors",
]
"""Where the study's code does something else than it seems to mean:

- evaluates-again: a cell that was evaluated before is never skipped;
- learns-from-30-percent: the surrogate learns from the first 30 % of the examples;
- takes-operations-for-edges: isomorphic encodings are made of the first bits of the feature vector, most of which are
  operations, as if they were edges (here in the order of this project's features, which is not the study's);
- ignores-operations: a cell with the edges of one evaluated before does not become an example, whatever its operations;
- compares-different-vectors: distances are also taken between feature vectors and edge bits, as far as both go.
"""
LEARNED_SHARE = 0.3


class TrainingSet:
    """The examples that evaluated cells give, and what is new beside them.

    Args:
        space: of the cells.
        augmented: whether a cell stands for all of its isomorphic encodings.
    """

    def __init__(self, space: Space, augmented: bool = True) -> None:
        self.space, self.augmented = space, augmented

    def examples(self, cells: Genotypes, sees_order: bool = True) -> tuple[Genotypes, NDArray[np.int64]]:
        """What a surrogate learns from.

        Args:
            cells: evaluated, shape (n, genes).
            sees_order: whether the surrogate tells isomorphic encodings apart; if not, one is enough.

        Returns:
            Encodings, shape (m, genes), and the number of the cell that each is of, shape (m,).
        """
        return self.encodings(cells) if sees_order else (cells, np.arange(len(cells)))

    def encodings(self, cells: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """The encodings of cells, and whose each is."""
        return self.space.augment(cells) if self.augmented else (cells, np.arange(len(cells)))

    def distance(self, candidates: Genotypes, cells: Genotypes) -> NDArray[np.float32]:
        """The smallest Hamming distance of each candidate's features to those of any encoding of a cell; shape (n,)."""
        encodings, _ = self.encodings(cells)
        return smallest_distance(self.space.features(candidates), self.space.features(encodings))

    def new(self, candidates: Genotypes, cells: Genotypes) -> NDArray[np.int64]:
        """The positions of candidates that are no evaluated network, the first of each network."""
        networks = self.space.isomorphism_class(candidates)
        first = np.sort(np.unique(networks, return_index=True)[1])
        return first[~np.isin(networks[first], self.space.isomorphism_class(cells))]


class PublishedTrainingSet(TrainingSet):
    """The same with defects of the study's code.

    Raises:
        NasbenchError: a defect that is about edge bits, in a space without them.
    """

    def __init__(self, space: Space, augmented: bool, defects: Collection[Defect]) -> None:
        super().__init__(space, augmented)
        self.defects = frozenset(defects)
        if not space.edges and (about_edges := self.defects - {"evaluates-again", "learns-from-30-percent"}):
            raise NasbenchError(
                f"{', '.join(sorted(about_edges))}: what the study does there is about edge bits, and {space.name} has "
                "none. Choose nb101-raw9 or nats-tss-graph, which it searched, or nb101; or other defects."
            )
        if "takes-operations-for-edges" in self.defects and not augmented:
            raise NasbenchError("takes-operations-for-edges is about isomorphic encodings, and v1 has none; choose v2.")

    def examples(self, cells: Genotypes, sees_order: bool = True) -> tuple[Genotypes, NDArray[np.int64]]:
        """What a surrogate learns from, by defect."""
        encodings, owner = super().examples(cells, sees_order)
        if "takes-operations-for-edges" in self.defects:
            encodings, owner = self._misread(cells)
        if "ignores-operations" in self.defects:
            left_out = self._repeats_edges(cells)[owner] & self._is_itself(encodings, cells[owner])
            encodings, owner = encodings[~left_out], owner[~left_out]
        if "learns-from-30-percent" in self.defects:
            learned = int(LEARNED_SHARE * len(owner))
            encodings, owner = encodings[:learned], owner[:learned]
        return encodings, owner

    def _misread(self, cells: Genotypes) -> tuple[Genotypes, NDArray[np.int64]]:
        """The cells and, of each of their encodings, what its features are if they are taken for edges."""
        encodings, owner = self.encodings(cells)
        edges = self.space.features(encodings)[:, : self.space.edges].astype(np.int8)
        misread = np.hstack([edges, cells[owner][:, self.space.edges :]])
        valid = self.space.is_valid(misread)
        owners = np.concatenate([np.arange(len(cells)), owner[valid]])
        order = np.argsort(owners, kind="stable")
        return np.vstack([cells, misread[valid]])[order], owners[order]

    def _repeats_edges(self, cells: Genotypes) -> NDArray[np.bool_]:
        """Which cells have the edge bits of an earlier one."""
        repeats = np.ones(len(cells), bool)
        repeats[np.unique(cells[:, : self.space.edges], axis=0, return_index=True)[1]] = False
        return repeats

    def _is_itself(self, encodings: Genotypes, cells: Genotypes) -> NDArray[np.bool_]:
        """Which encodings look like the cell that they are of."""
        return (self.space.features(encodings) == self.space.features(cells)).all(1)

    def distance(self, candidates: Genotypes, cells: Genotypes) -> NDArray[np.float32]:
        """The smallest distance, by defect also that of the features' first bits to the edges of a cell."""
        distance = super().distance(candidates, cells)
        if "compares-different-vectors" not in self.defects:
            return distance
        edges = self.space.edges
        first_bits = self.space.features(candidates)[:, :edges]
        return np.minimum(distance, smallest_distance(first_bits, cells[:, :edges].astype(np.float32)))

    def new(self, candidates: Genotypes, cells: Genotypes) -> NDArray[np.int64]:
        """The positions of candidates that may be evaluated: by defect, all of them."""
        return np.arange(len(candidates)) if "evaluates-again" in self.defects else super().new(candidates, cells)


def training_set(space: Space, augmented: bool, defects: Collection[Defect] = ()) -> TrainingSet:
    """The training set, mended but for the defects that are named."""
    return PublishedTrainingSet(space, augmented, defects) if defects else TrainingSet(space, augmented)
