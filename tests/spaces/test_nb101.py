"""NAS-Bench-101's identity, against the official rules and against brute force."""

import itertools
from collections.abc import Callable

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasbench_pytorch.model.graph_util import hash_module
from nasbench_pytorch.model.model import Network
from nasbench_pytorch.model.model_spec import ModelSpec
from scipy import stats
from torch import nn

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import NB101, NB101Cell, module_hash

CONV3X3, CONV1X1, POOL = OPERATIONS = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]
EDGES = list(itertools.combinations(range(7), 2))
SPACE = NB101()
seeds = st.integers(0, 2**32 - 1)


class Hashes(list):
    """The published hashes, row by row; not printed when a test fails."""

    def __repr__(self) -> str:
        return f"<{len(self)} hashes>"


@pytest.fixture(scope="module")
def hashes(published) -> Hashes:
    table = pyarrow.parquet.read_table(published("nb101_108.parquet"), columns=["hash"])
    return Hashes(value.hex() for value in table["hash"].to_pylist())


def official(cell: NB101Cell) -> ModelSpec | None:
    """The official specification, pruned; None where nothing is left (this port then fails on its empty matrix)."""
    try:
        return ModelSpec(np.array(cell.matrix), list(cell.operations))
    except RuntimeError:
        return None


def sampled(seed: int, n: int = 1) -> np.ndarray:
    return SPACE.sample(n, np.random.default_rng(seed))


def is_same_network(a: NB101Cell, b: NB101Cell) -> bool:
    """Tries every order of b's inner vertices."""
    if len(a.matrix) != len(b.matrix):
        return False
    first, second = np.array(a.matrix), np.array(b.matrix)
    for inner in itertools.permutations(range(1, len(a.matrix) - 1)):
        order = [0, *inner, len(a.matrix) - 1]
        if [b.operations[v] for v in order] == a.operations and (second[np.ix_(order, order)] == first).all():
            return True
    return False


def relabelled_with_junk(cell: NB101Cell, rng: np.random.Generator) -> np.ndarray:
    """A genotype of the same pruned cell: other places for its vertices, and vertices and edges off every path."""
    matrix, size = np.array(cell.matrix), len(cell.matrix)
    orders = [
        order
        for inner in itertools.permutations(range(1, size - 1))
        if not np.tril(matrix[np.ix_(order := [0, *inner, size - 1], order)]).any()
    ]
    order = orders[rng.integers(len(orders))]
    places = [0, *sorted(rng.choice(range(1, 6), size - 2, replace=False).tolist()), 6]
    moved = np.zeros((7, 7), np.int8)
    moved[np.ix_(places, places)] = matrix[np.ix_(order, order)]
    operations = rng.integers(3, size=7)
    operations[places[1:-1]] = [OPERATIONS.index(cell.operations[v]) for v in order[1:-1]]
    junk = [v for v in range(1, 6) if v not in places]
    leads_nowhere = {v: rng.random() < 0.5 for v in junk}  # the others come from nowhere
    for u, v in EDGES:
        into_dead_end = leads_nowhere.get(v) and not (u in leads_nowhere and not leads_nowhere[u])
        out_of_nothing = u in leads_nowhere and not leads_nowhere[u]
        if (into_dead_end or out_of_nothing) and rng.random() < 0.5:
            moved[u, v] = 1
    return np.array([*(moved[edge] for edge in EDGES), *operations[1:6]], np.int8)


# --- Identity


@settings(max_examples=150)
@given(seed=seeds)
def test_identity_survives_relabelling_and_junk(seed: int) -> None:
    genotype = sampled(seed)
    other = relabelled_with_junk(SPACE.decode(genotype[0]), np.random.default_rng(seed))[None]
    assert SPACE.is_valid(other)[0]
    assert SPACE.identify(other) == SPACE.identify(genotype)


def test_junk_is_really_added() -> None:
    rng = np.random.default_rng(0)
    genotypes = sampled(0, 50)
    edges = np.array([relabelled_with_junk(SPACE.decode(genotype), rng)[:21].sum() for genotype in genotypes])
    pruned = np.array([np.sum(SPACE.decode(genotype).matrix) for genotype in genotypes])
    assert (edges > pruned).sum() > 5
    assert edges.max() > 9


@settings(max_examples=150)
@given(seed=seeds, data=st.data())
def test_identity_is_equal_exactly_for_isomorphic_cells(seed: int, data: st.DataObject) -> None:
    cell = SPACE.decode(sampled(seed)[0])
    other = NB101Cell(cell.matrix, ["input", *data.draw(st.permutations(cell.operations[1:-1])), "output"])
    same = SPACE.identify(SPACE.encode(cell)[None]) == SPACE.identify(SPACE.encode(other)[None])
    assert same == is_same_network(cell, other)


@pytest.mark.parametrize(("vertices", "edges"), [(5, 6), (6, 8), (7, 9)])
def test_cells_of_one_size_are_told_apart_as_by_brute_force(vertices: int, edges: int) -> None:
    genotypes = sampled(vertices, 2_000)
    genotypes[:, 21:] = 0  # one operation only, so that many are alike
    cells = [cell for cell in map(SPACE.decode, genotypes) if np.shape(cell.matrix) == (vertices, vertices)]
    cells = [cell for cell in cells if np.sum(cell.matrix) == edges][:12]
    isomorphs = np.vstack([SPACE.isomorphs(SPACE.encode(cell))[:3] for cell in cells])
    cells, ids = [SPACE.decode(isomorph) for isomorph in isomorphs], SPACE.identify(isomorphs)
    pairs = list(itertools.combinations(range(len(cells)), 2))
    same = [is_same_network(cells[i], cells[j]) for i, j in pairs]
    assert 0 < sum(same) < len(pairs)
    assert same == [ids[i] == ids[j] for i, j in pairs]


@settings(max_examples=150)
@given(data=st.data())
def test_validity_and_hash_and_row_agree_with_the_official_rules(raw_genotypes, raw_cell, hashes, data) -> None:
    genotype = data.draw(raw_genotypes(SPACE))
    cell = raw_cell(genotype)
    spec = official(cell)
    valid = spec is not None and spec.valid_spec and int(spec.matrix.sum()) <= 9
    assert SPACE.is_valid(genotype[None])[0] == valid
    if valid:
        spec.matrix = spec.matrix.numpy()  # this port's own hash wants an array
        expected = spec.hash_spec(OPERATIONS)
        assert SPACE.module_hash(cell) == SPACE.decode(genotype).module_hash == module_hash(cell) == expected
        assert hashes[SPACE.identify(genotype[None])[0]] == expected


@settings(max_examples=100)
@given(seed=seeds)
def test_pruning_is_the_official_one(raw_cell, seed: int) -> None:
    genotype = sampled(seed)[0]
    spec = official(raw_cell(genotype))
    assert SPACE.decode(genotype) == (spec.matrix.tolist(), spec.ops)


def test_cells_are_as_many_as_published_by_vertices() -> None:
    inner = SPACE.features(SPACE.enumerate())[:, :15].sum(1).astype(int)
    assert np.bincount(inner + 2).tolist() == [0, 0, 1, 6, 84, 2_441, 62_010, 359_082]


# --- Encodings


@settings(max_examples=100)
@given(seed=seeds)
def test_features_are_operations_one_hot_then_edges_of_the_pruned_cell_padded_with_zeros(seed: int) -> None:
    genotype = sampled(seed)
    cell = SPACE.decode(genotype[0])
    operations = np.zeros((5, 3))
    for place, name in enumerate(cell.operations[1:-1]):
        operations[place, OPERATIONS.index(name)] = 1
    matrix = np.zeros((7, 7))
    matrix[: len(cell.matrix), : len(cell.matrix)] = cell.matrix
    expected = [*operations.ravel(), *(matrix[edge] for edge in EDGES)]
    assert len(expected) == 36
    np.testing.assert_array_equal(SPACE.features(genotype)[0], expected)


@settings(max_examples=30)
@given(seed=seeds)
def test_isomorphs_are_the_orders_of_the_pruned_cell_that_stay_upper_triangular(seed: int) -> None:
    cell = SPACE.decode(sampled(seed)[0])
    matrix, last = np.array(cell.matrix), len(cell.matrix) - 1
    expected = set()
    for inner in itertools.permutations(range(1, last)):
        order = [0, *inner, last]
        permuted = matrix[np.ix_(order, order)]
        if not np.tril(permuted).any():
            expected.add(str(NB101Cell(permuted.tolist(), [cell.operations[v] for v in order])))
    isomorphs = SPACE.isomorphs(SPACE.encode(cell))
    assert sorted(str(SPACE.decode(isomorph)) for isomorph in isomorphs) == sorted(expected)


@pytest.fixture(scope="module")
def writings() -> dict[str, set[bytes]]:
    """By official hash, every way to write each cell of up to 5 vertices, of which none is pruned."""
    writings: dict[str, set[bytes]] = {}
    for vertices in range(2, 6):
        pairs = list(itertools.combinations(range(vertices), 2))
        places = [*range(vertices - 1), 6]
        for bits in itertools.product((0, 1), repeat=len(pairs)):
            matrix, embedded = np.zeros((vertices, vertices), int), np.zeros((7, 7), np.int8)
            matrix[tuple(np.transpose(pairs))] = bits
            if not (matrix[:-1].any(1).all() and matrix[:, 1:].any(0).all() and matrix.sum() <= 9):
                continue
            embedded[np.ix_(places, places)] = matrix
            edges = [embedded[edge] for edge in EDGES]
            for operations in itertools.product(range(3), repeat=vertices - 2):
                own = hash_module(matrix, [-1, *operations, -2])
                genotype = np.array([*edges, *operations, *[0] * (7 - vertices)], np.int8)
                writings.setdefault(own, set()).add(genotype.tobytes())
    return writings


def test_every_small_cell_is_augmented_to_all_its_writings(writings: dict[str, set[bytes]]) -> None:
    """No other writing of the official hash is missed, whichever of them is given."""
    assert len(writings) == 1 + 6 + 84 + 2_441
    for end in (min, max):
        genotypes = np.array([np.frombuffer(end(own), np.int8) for own in writings.values()])
        encodings, owners = SPACE.augment(genotypes)
        found = [list(map(bytes, encodings[owners == row])) for row in range(len(writings))]
        assert [set(own) for own in found] == list(writings.values())
        assert sum(map(len, found)) == sum(map(len, writings.values()))


@settings(max_examples=100)
@given(seed=seeds)
def test_graphs_are_the_pruned_cells(seed: int) -> None:
    genotype = sampled(seed)
    cell, graph = SPACE.decode(genotype[0]), SPACE.graphs(genotype)
    used = len(cell.matrix)
    assert graph.labels[0].tolist() == [
        0,
        *(2 + OPERATIONS.index(name) for name in cell.operations[1:-1]),
        1,
        *[-1] * (7 - used),
    ]
    assert graph.adjacency[0, :used, :used].tolist() == cell.matrix
    assert graph.adjacency.sum() == np.sum(cell.matrix)
    assert graph.kinds == 5


def test_three_parallel_vertices_of_three_operations_have_six_orders() -> None:
    matrix = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert len(SPACE.isomorphs(SPACE.encode((matrix, ["input", *OPERATIONS, "output"])))) == 6
    assert len(SPACE.isomorphs(SPACE.encode((matrix, ["input", POOL, POOL, POOL, "output"])))) == 1


def test_a_cell_prints_its_hash_and_itself() -> None:
    cell = SPACE.decode(SPACE.encode(([[0, 1], [0, 0]], ["input", "output"])))
    assert str(cell) == f"module hash {cell.module_hash}, matrix [[0, 1], [0, 0]], operations ['input', 'output']"


@pytest.mark.parametrize("convert", [list, tuple, np.array])
def test_a_cell_may_be_given_as_any_sequences(convert: Callable) -> None:
    matrix = [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    genotype = SPACE.encode((convert(matrix), convert(["input", CONV3X3, "output"])))
    assert SPACE.decode(genotype) == (matrix, ["input", CONV3X3, "output"])


# --- What is no cell


def chain(vertices: int) -> list[list[int]]:
    return np.eye(vertices, k=1, dtype=int).tolist()


def full(vertices: int) -> list[list[int]]:
    return np.triu(np.ones((vertices, vertices), int), 1).tolist()


@pytest.mark.parametrize(
    ("matrix", "operations", "message"),
    [
        (full(6), [CONV3X3] * 4, "at most 9"),
        (chain(8), [CONV3X3] * 6, r"2 to 7 vertices.*got shape \(8, 8\)"),
        ([[0]], None, r"2 to 7 vertices.*got shape \(1, 1\)"),
        (chain(3), ["conv5x5-bn-relu"], "Unknown nb101 operation 'conv5x5-bn-relu'"),
        (chain(3), [], "as many operations"),
        (chain(3), [POOL, POOL], "as many operations"),
        ([[0, 1, 0], [0, 0, 1]], [POOL], r"square.*got shape \(2, 3\)"),
        ([[0, 1, 0], [0, 0, 1], [0, 1, 0]], [POOL], "diagonal"),
        ([[1, 1], [0, 0]], [], "diagonal"),
        ([[0, 2, 0], [0, 0, 1], [0, 0, 0]], [POOL], "only 0 and 1"),
        ([[0, -1, 0], [0, 0, 1], [0, 0, 0]], [POOL], "only 0 and 1"),
        ([[0, 0.5, 0], [0, 0, 1], [0, 0, 0]], [POOL], "only 0 and 1"),
        ([[0, float("nan"), 0], [0, 0, 1], [0, 0, 0]], [POOL], "only 0 and 1"),
        ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], [POOL], "at least one edge"),
        (5, [], "square"),
    ],
)
def test_what_is_no_cell_is_refused(matrix: object, operations: list[str] | None, message: str) -> None:
    names = ["input"] if operations is None else ["input", *operations, "output"]
    for use in (SPACE.encode, SPACE.module_hash, module_hash):
        with pytest.raises(NasbenchError, match=f"(?s){message}"):
            use((matrix, names))


def test_a_matrix_with_rows_of_different_lengths_is_refused() -> None:
    with pytest.raises(NasbenchError, match="square"):
        SPACE.encode(([[0, 1], [0]], ["input", "output"]))


@pytest.mark.parametrize("names", [["output", POOL, "input"], ["input", POOL, POOL], [POOL, POOL, "output"]])
def test_input_and_output_are_the_first_and_the_last(names: list[str]) -> None:
    with pytest.raises(NasbenchError, match="first 'input' and the last 'output'"):
        SPACE.encode((chain(3), names))


def test_edges_off_the_path_do_not_count() -> None:
    matrix = np.array(full(7))
    matrix[1:, 6] = 0  # only the input feeds the output: 16 edges, 15 of them off the path
    genotype = SPACE.encode((matrix, ["input", *[POOL] * 5, "output"]))
    assert SPACE.decode(genotype) == ([[0, 1], [0, 0]], ["input", "output"])


# --- Variation as published


@pytest.fixture(scope="module")
def every_edge_set() -> np.ndarray:
    """All 2^21 edge sets that are valid, int8, shape (n, 21)."""
    bits = (np.arange(2**21)[:, None] >> np.arange(21) & 1).astype(np.int8)
    genotypes = np.hstack([bits, np.zeros((len(bits), 5), np.int8)])
    return bits[SPACE.is_valid(genotypes)]


def test_samples_are_uniform_over_the_valid_edge_sets(every_edge_set: np.ndarray) -> None:
    """Told by the number of edges, by each edge, and by each operation."""
    n = 40_000
    genotypes = sampled(0, n)
    sizes = np.bincount(every_edge_set.sum(1), minlength=22) * n / len(every_edge_set)
    observed = np.bincount(genotypes[:, :21].sum(1), minlength=22)
    assert observed[sizes == 0].sum() == 0
    common = sizes > 10
    scale = observed[common].sum() / sizes[common].sum()
    assert stats.chisquare(observed[common], sizes[common] * scale).pvalue > 1e-4
    share = every_edge_set.mean(0)
    deviation = np.abs(genotypes[:, :21].mean(0) - share) / np.sqrt(share * (1 - share) / n)
    assert (deviation < 4.5).all()
    for gene in range(21, 26):
        assert stats.chisquare(np.bincount(genotypes[:, gene], minlength=3)).pvalue > 1e-4


@pytest.mark.parametrize("seed", [0, 1])
def test_mutation_flips_each_edge_at_the_published_rate_given_that_the_child_is_valid(
    every_edge_set: np.ndarray, seed: int
) -> None:
    """1/21 an edge, all drawn again until the child is valid (Pan & Yao's own code)."""
    n = 40_000
    parent = sampled(seed)
    flips = every_edge_set != parent[0, :21]
    weight = (1 / 21) ** flips.sum(1) * (20 / 21) ** (21 - flips.sum(1))
    expected = weight @ flips / weight.sum()
    children = SPACE.mutate(np.repeat(parent, n, axis=0), np.random.default_rng(seed))
    observed = (children[:, :21] != parent[:, :21]).mean(0)
    assert (np.abs(observed - expected) / np.sqrt(expected * (1 - expected) / n) < 4.5).all()


def test_mutation_changes_each_operation_to_another_once_in_five() -> None:
    n = 40_000
    parent = sampled(3)
    children = SPACE.mutate(np.repeat(parent, n, axis=0), np.random.default_rng(3))[:, 21:]
    for gene in range(5):
        counts = np.bincount(children[:, gene], minlength=3)
        others = np.delete(counts, parent[0, 21 + gene])
        assert stats.binomtest(int(others.sum()), n, 1 / 5).pvalue > 1e-4
        assert stats.chisquare(others).pvalue > 1e-4


def test_mutation_at_rate_zero_changes_nothing() -> None:
    parents = sampled(4, 100)
    children = SPACE.mutate(parents, np.random.default_rng(4), edge_rate=0.0, operation_rate=0.0)
    np.testing.assert_array_equal(children, parents)


def test_mutation_at_operation_rate_one_changes_every_operation_and_no_edge() -> None:
    parents = sampled(5, 100)
    children = SPACE.mutate(parents, np.random.default_rng(5), edge_rate=0.0, operation_rate=1.0)
    np.testing.assert_array_equal(children[:, :21], parents[:, :21])
    assert (children[:, 21:] != parents[:, 21:]).all()


# --- Parameters


@pytest.mark.parametrize("row", [0, 11_111, 100_000, 222_222, 423_623])
def test_parameters_are_those_of_the_network_that_is_built(row: int) -> None:
    genotype = SPACE.enumerate()[row]
    cell = SPACE.decode(genotype)
    network = Network((np.array(cell.matrix), list(cell.operations)), stem_out_channels=128)
    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]
    counted = sum(parameter.numel() for layer in layers for parameter in layer.parameters())
    assert SPACE.parameters(genotype[None])[0] == counted
