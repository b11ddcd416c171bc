"""Gathers NAS-Bench-101 trainings, given one by one, into columns by row of the `nb101` space."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces.nb101 import NB101, OPERATION_NAMES
from nasbench_ga.tables.contents import Column, TableContents

EPOCHS = (4, 12, 36, 108)
REPEATS = 3
MAX_VERTICES, MAX_EDGES = 7, 9
METRICS = ("train", "valid", "test", "train-seconds")

_EDGE_ROWS, _EDGE_COLUMNS = np.triu_indices(MAX_VERTICES, k=1)
_HASHES_RECOMPUTED = 64
_ROW = struct.Struct(f"={2 * len(METRICS)}d")


class Trainings:
    """Collects trainings in any order of cells; the repeats of a cell are numbered as they come.

    Within one cell everything but the results has to agree. Memory: 64 bytes for each row of the space, each
    number of epochs and each repeat, and some 200 bytes for each cell.
    """

    def __init__(self) -> None:
        self._space = NB101()
        self._slots: dict[str, int] = {}
        self._adjacencies: dict[str, int] = {}
        self._operations: dict[str, int] = {}
        self._edge_genes: list[NDArray[np.int8]] = []
        self._operation_genes: list[tuple[int, ...]] = []
        self._cells = array("i")  # three a cell: adjacency, operations, parameters
        self._repeats: dict[int, bytearray] = {}
        self._results: dict[tuple[int, int], NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(
        self,
        module_hash: str,
        epochs: int,
        adjacency: str,
        operations: str,
        parameters: int,
        results: tuple[float, ...],
    ) -> None:
        """Files one training of one cell.

        Args:
            module_hash: the cell's published hash, 32 hexadecimal digits.
            epochs: how long it trained.
            adjacency: the vertices x vertices matrix, row by row, as characters 0 and 1.
            operations: the vertices' operations, `input` first and `output` last, joined by commas.
            parameters: trainable parameters of the network.
            results: `METRICS` halfway, then `METRICS` at the end; accuracies as fractions, times in seconds.

        Raises:
            NasbenchError: any of this is not what NAS-Bench-101 publishes, or contradicts an earlier
            training.
        """
        if type(epochs) is not int or epochs not in EPOCHS:
            raise NasbenchError(f"expected one of {EPOCHS} epochs, got {epochs!r}")
        slot = self._slots.get(module_hash)
        if slot is None:
            slot = self._add_cell(module_hash, adjacency, operations, parameters)
        elif (
            self._adjacencies.get(adjacency) != self._cells[3 * slot]
            or self._operations.get(operations) != self._cells[3 * slot + 1]
            or parameters != self._cells[3 * slot + 2]
        ):
            raise NasbenchError(
                f"its cell or its {parameters!r} parameters differ from an earlier record of hash {module_hash}"
            )
        _check_results(results)
        repeat = self._next_repeat(module_hash, slot, epochs)
        block = self._results.get((epochs, repeat))
        if block is None:
            block = self._results[epochs, repeat] = np.full((self._space.size, 2 * len(METRICS)), np.nan)
        _ROW.pack_into(block.data, slot * _ROW.size, *results)

    def _add_cell(self, module_hash: str, adjacency: str, operations: str, parameters: int) -> int:
        _check_hash(module_hash)
        if len(self._slots) == self._space.size:
            raise NasbenchError(f"expected at most {self._space.size:,} different hashes, got another: {module_hash}")
        if type(parameters) is not int or not 0 < parameters < 2**31:
            raise NasbenchError(f"expected a positive number of trainable parameters, got {parameters!r}")
        edges, named = self._adjacency(adjacency), self._operation_names(operations)
        vertices = len(self._operation_genes[named]) + 2
        if vertices * vertices != len(adjacency):
            raise NasbenchError(
                f"expected {len(adjacency)} adjacency entries to belong to as many vertices as there are "
                f"operations, got {vertices} operations"
            )
        slot = self._slots[module_hash] = len(self._slots)
        self._cells.extend((edges, named, parameters))
        return slot

    def _adjacency(self, adjacency: str) -> int:
        index = self._adjacencies.get(adjacency)
        if index is None:
            self._edge_genes.append(edge_genes(adjacency))
            index = self._adjacencies[adjacency] = len(self._adjacencies)
        return index

    def _operation_names(self, operations: str) -> int:
        index = self._operations.get(operations)
        if index is None:
            self._operation_genes.append(operation_genes(operations))
            index = self._operations[operations] = len(self._operations)
        return index

    def _next_repeat(self, module_hash: str, slot: int, epochs: int) -> int:
        counts = self._repeats.get(epochs)
        if counts is None:
            counts = self._repeats[epochs] = bytearray(self._space.size)
        repeat = counts[slot]
        if repeat == REPEATS:
            raise NasbenchError(
                f"expected {REPEATS} trainings of {epochs} epochs a cell, got another of hash {module_hash}"
            )
        counts[slot] += 1
        return repeat

    def check_complete(self) -> None:
        """Checks that every cell trained thrice for every number of epochs that occurs.

        Raises:
            NasbenchError: a cell trained less often; it is named.
        """
        hashes = list(self._slots)
        for epochs, counts in sorted(self._repeats.items()):
            short = np.flatnonzero(np.frombuffer(counts, np.uint8, len(hashes)) < REPEATS)
            if len(short):
                raise NasbenchError(
                    f"expected {REPEATS} trainings of {epochs} epochs for each of the {len(hashes):,} cells, "
                    f"got fewer for {len(short):,} of them (first {hashes[short[0]]}: {counts[short[0]]})"
                )

    def contents(self, provenance: Mapping[str, str]) -> TableContents:
        """All trainings as columns; empties this collection, so that the numbers are held only once.

        Args:
            provenance: what the table shall say about its origin.

        Raises:
            NasbenchError: the hashes do not fit the cells, or there is no training.
        """
        if not self._slots:
            raise NasbenchError("expected trainings of NAS-Bench-101, got none")
        rows = self._rows()
        columns = {}
        while self._results:
            epochs, repeat = min(self._results)
            block = self._results.pop((epochs, repeat))
            for index, values in enumerate(block[: len(rows)].T):
                part, metric = divmod(index, len(METRICS))
                length = f"{epochs}" if part else f"{epochs // 2}of{epochs}"
                scale = 1.0 if METRICS[metric].endswith("seconds") else 100.0
                name = f"cifar10/{METRICS[metric]}/{length}@{repeat}"
                columns[name] = Column(scattered(values, rows, self._space.size), scale)
        parameters = np.frombuffer(self._cells, np.intc)[2::3]
        columns["cifar10/parameters"] = Column(scattered(parameters, rows, self._space.size))
        return TableContents("nb101", columns, {**provenance, "cells": str(len(rows))}, self._notes(len(rows)))

    def _rows(self) -> NDArray[np.int64]:
        cells = np.frombuffer(self._cells, np.intc).reshape(-1, 3)
        operations = np.zeros((len(self._operation_genes), MAX_VERTICES - 2), np.int8)
        for index, genes in enumerate(self._operation_genes):
            operations[index, : len(genes)] = genes
        genotypes = np.concatenate((np.stack(self._edge_genes)[cells[:, 0]], operations[cells[:, 1]]), axis=1)
        rows = self._space.identify(genotypes)
        hashes = np.array(list(self._slots), "S32")
        _check_order(rows, hashes)
        for index in np.unique(np.linspace(0, len(hashes) - 1, _HASHES_RECOMPUTED).astype(int)):
            self._check_hash_of(genotypes[index], hashes[index].decode())
        return rows

    def _check_hash_of(self, genotype: NDArray[np.int8], published: str) -> None:
        computed = self._space.module_hash(self._space.decode(genotype))
        if computed != published:
            raise NasbenchError(f"expected the hash {computed} for a cell that is filed under {published}")

    def _notes(self, cells: int) -> tuple[str, ...]:
        notes = [
            (
                "An accuracy after 54of108 epochs was measured halfway through a training of 108 epochs, "
                "whose learning rate was still high; it is not the result of training for 54."
            ),
        ]
        if cells < self._space.size:
            notes.append(f"The source holds {cells:,} of the {self._space.size:,} cells; the others are NaN.")
        return tuple(notes)


def edge_genes(adjacency: str) -> NDArray[np.int8]:
    """The 21 edge genes of a cell of up to seven vertices, its output moved to vertex 6.

    Args:
        adjacency: the vertices x vertices matrix, row by row, as characters 0 and 1.

    Raises:
        NasbenchError: it is not square, not strictly upper triangular, or has too many vertices or edges.
    """
    vertices = int(len(adjacency) ** 0.5)
    if vertices * vertices != len(adjacency) or not 2 <= vertices <= MAX_VERTICES or set(adjacency) - {"0", "1"}:
        raise NasbenchError(f"expected the 0s and 1s of a square matrix of 2 to {MAX_VERTICES} vertices: {adjacency!r}")
    matrix = np.array([int(bit) for bit in adjacency], np.int8).reshape(vertices, vertices)
    if np.tril(matrix).any() or matrix.sum() > MAX_EDGES:
        raise NasbenchError(f"expected at most {MAX_EDGES} edges, all of them above the diagonal: {adjacency!r}")
    embedded = np.zeros((MAX_VERTICES, MAX_VERTICES), np.int8)
    places = np.array([*range(vertices - 1), MAX_VERTICES - 1])
    embedded[np.ix_(places, places)] = matrix
    genes: NDArray[np.int8] = embedded[_EDGE_ROWS, _EDGE_COLUMNS]
    return genes


def operation_genes(operations: str) -> tuple[int, ...]:
    """The operations of a cell's inner vertices, as indices into `OPERATION_NAMES`.

    Args:
        operations: names joined by commas, `input` first and `output` last.

    Raises:
        NasbenchError: an unknown operation, or no input or output where one belongs.
    """
    names = operations.split(",")
    if len(names) < 2 or names[0] != "input" or names[-1] != "output" or set(names[1:-1]) - set(OPERATION_NAMES):
        raise NasbenchError(
            f"expected input, operations among {', '.join(OPERATION_NAMES)}, and output: {operations!r}"
        )
    return tuple(map(OPERATION_NAMES.index, names[1:-1]))


def scattered(values: NDArray[np.generic], rows: NDArray[np.int64], size: int) -> NDArray[np.generic]:
    """`values[i]` at `rows[i]` of a column of `size`; NaN elsewhere.

    Integers stay integers where every row has one; with gaps they become float64, which holds the NaN.
    """
    if len(rows) == size and np.issubdtype(values.dtype, np.integer):
        column = np.empty(size, np.int64)
    else:
        column = np.full(size, np.nan)
    column[rows] = values
    return column


def _check_hash(module_hash: str) -> None:
    if len(module_hash) != 32 or set(module_hash) - set("0123456789abcdef"):
        raise NasbenchError(f"expected a module hash of 32 hexadecimal digits, got {module_hash!r}")


def _check_results(results: tuple[float, ...]) -> None:
    """Written out, since it runs for each of up to five million trainings; NaN fails every comparison."""
    half_train, half_valid, half_test, half_seconds, train, valid, test, seconds = results
    if not (0.0 <= half_train <= 1.0 and 0.0 <= half_valid <= 1.0 and 0.0 <= half_test <= 1.0):
        raise NasbenchError(f"expected three halfway accuracies from 0 to 1, got {results[:3]}")
    if not (0.0 <= train <= 1.0 and 0.0 <= valid <= 1.0 and 0.0 <= test <= 1.0):
        raise NasbenchError(f"expected three final accuracies from 0 to 1, got {results[4:7]}")
    if not (0.0 <= half_seconds < math.inf and 0.0 <= seconds < math.inf):
        raise NasbenchError(f"expected training times that are not negative, got {(half_seconds, seconds)} seconds")


def _check_order(rows: NDArray[np.int64], hashes: NDArray[np.bytes_]) -> None:
    order = np.argsort(rows, kind="stable")
    rows, hashes = rows[order], hashes[order]
    twice = np.flatnonzero(rows[1:] == rows[:-1])
    if len(twice):
        first, second = hashes[twice[0] : twice[0] + 2]
        raise NasbenchError(f"the hashes {first.decode()} and {second.decode()} name one and the same cell")
    falls = np.flatnonzero(hashes[1:] <= hashes[:-1])
    if len(falls):
        first, second = hashes[falls[0] : falls[0] + 2]
        raise NasbenchError(
            f"expected hashes in ascending order of the cells' rows, got {first.decode()} for row "
            f"{rows[falls[0]]} and {second.decode()} for row {rows[falls[0] + 1]}: a hash does not belong to "
            "its cell"
        )
