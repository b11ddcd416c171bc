"""NAS-Bench-101 without this package: what one would write first, per genotype in Python or vectorised in numpy.

The loops take a genotype as a tuple of 26 integers: 21 edges row by row, then five operations.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.spaces.module_hash import graph_hash

VERTICES, MAX_EDGES, OPERATIONS = 7, 9, 3
EDGES = tuple(itertools.combinations(range(VERTICES), 2))

Genotype = tuple[int, ...]
Uint64s = NDArray[np.uint64]


def sample(rng: np.random.Generator) -> Genotype:
    """Draws edges until they are valid, and operations."""
    operations = rng.integers(OPERATIONS, size=VERTICES - 2).tolist()
    while True:
        edges = rng.integers(2, size=len(EDGES)).tolist()
        if prune(edges):
            return (*edges, *operations)


def mutate(genotype: Genotype, rng: np.random.Generator) -> Genotype:
    """Each operation changes with probability 1/5; each edge flips with 1/21, all drawn again until valid."""
    parents, operations = genotype[: len(EDGES)], list(genotype[len(EDGES) :])
    for vertex, chance in enumerate(rng.random(len(operations)).tolist()):
        if chance < 1 / len(operations):
            operations[vertex] = (operations[vertex] + int(rng.integers(1, OPERATIONS))) % OPERATIONS
    while True:
        chances = rng.random(len(EDGES)).tolist()
        edges = [1 - edge if chance < 1 / len(EDGES) else edge for edge, chance in zip(parents, chances, strict=True)]
        if prune(edges):
            return (*edges, *operations)


def prune(edges: Sequence[int]) -> list[tuple[int, int]]:
    """The edges on a path from input to output; none if there is no such path or more than nine of them."""
    present = [edge for edge, bit in zip(EDGES, edges, strict=True) if bit]
    forward, backward = {0}, {VERTICES - 1}
    for source, target in present:
        if source in forward:
            forward.add(target)
    for source, target in reversed(present):
        if target in backward:
            backward.add(source)
    kept = forward & backward
    pruned = [(source, target) for source, target in present if source in kept and target in kept]
    return pruned if len(pruned) <= MAX_EDGES else []


def pruned_cell(genotype: Genotype) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The pruned adjacency matrix and the operations of its inner vertices."""
    edges = prune(genotype[: len(EDGES)])
    used = sorted({vertex for edge in edges for vertex in edge})
    matrix = [[0] * len(used) for _ in used]
    for source, target in edges:
        matrix[used.index(source)][used.index(target)] = 1
    return tuple(map(tuple, matrix)), tuple(genotype[len(EDGES) + vertex - 1] for vertex in used[1:-1])


def features(genotype: Genotype) -> list[float]:
    """The 36 bits of the pruned cell: 5 x 3 one-hot operations, then 21 edges, smaller cells moved to the front."""
    matrix, operations = pruned_cell(genotype)
    bits = [0.0] * (OPERATIONS * (VERTICES - 2) + len(EDGES))
    for place, operation in enumerate(operations):
        bits[OPERATIONS * place + operation] = 1.0
    for number, (source, target) in enumerate(EDGES, start=OPERATIONS * (VERTICES - 2)):
        if target < len(matrix):
            bits[number] = float(matrix[source][target])
    return bits


@functools.cache
def module_hash(matrix: tuple[tuple[int, ...], ...], operations: tuple[int, ...]) -> str:
    """The official MD5 of a pruned cell, each computed once."""
    return graph_hash(matrix, (-1, *operations, -2))


def wl_identity(genotypes: NDArray[np.int8], chunk: int = 8192) -> Uint64s:
    """A 64-bit identity of each genotype's pruned cell, shape (n,): colour refinement, vectorised over genotypes.

    Works on chunks that stay in the processor's cache. Two rounds tell all 423,624 cells apart.
    """
    parts = [_wl_identity(genotypes[start : start + chunk]) for start in range(0, len(genotypes), chunk)]
    return np.concatenate(parts)


def _wl_identity(genotypes: NDArray[np.int8], rounds: int = 2) -> Uint64s:
    columns = np.ascontiguousarray(genotypes.T)
    present = dict(zip(EDGES, columns[: len(EDGES)].astype(bool), strict=True))
    forward = np.zeros((VERTICES, len(genotypes)), bool)
    backward = np.zeros_like(forward)
    forward[0] = backward[-1] = True
    for (source, target), bit in present.items():
        forward[target] |= forward[source] & bit
    for (source, target), bit in reversed(present.items()):
        backward[source] |= backward[target] & bit
    kept = forward & backward
    masks = {edge: -(bit & kept[edge[0]] & kept[edge[1]]).astype(np.uint64) for edge, bit in present.items()}
    colours = np.zeros((VERTICES, len(genotypes)), np.uint64)
    colours[1:-1] = columns[len(EDGES) :] + 1
    colours[0], colours[-1] = OPERATIONS + 1, OPERATIONS + 2
    colours *= kept
    for _ in range(rounds):
        own = _mixed(colours)
        incoming, outgoing = np.zeros_like(own), np.zeros_like(own)
        for (source, target), mask in masks.items():
            incoming[target] += own[source] & mask
            outgoing[source] += own[target] & mask
        colours = (own + _mixed(incoming + np.uint64(1)) * np.uint64(3) + _mixed(outgoing) * np.uint64(5)) * kept
    return _mixed(colours).sum(0)


def _mixed(values: Uint64s) -> Uint64s:
    """Scrambles 64 bits (the finaliser of SplitMix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
