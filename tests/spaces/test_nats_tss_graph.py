"""NATS-Bench's topology space as graphs of operations, against networkx and brute force."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.isomorphism import categorical_node_match
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.networks import build_network
from nasbench_ga.spaces import NATSTopology, NATSTopologyGraph

SPACE, STRINGS = NATSTopologyGraph(), NATSTopology()
NAMES = ["nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "skip_connect"]
PAIRS = list(itertools.combinations(range(8), 2))
STRING_EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
EXAMPLE = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
DISCONNECTED = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"
same_label = categorical_node_match("label", None)
seeds = st.integers(0, 2**32 - 1)


def make_rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def raw_graph(genotype: np.ndarray) -> nx.DiGraph:
    """The pruned graph of a genotype, by the documented order of genes."""
    graph = nx.DiGraph()
    labels = ["input", *(NAMES[gene] for gene in genotype[28:]), "output"]
    graph.add_nodes_from((vertex, {"label": label}) for vertex, label in enumerate(labels))
    graph.add_edges_from(pair for pair, bit in zip(PAIRS, genotype, strict=False) if bit)
    return graph.subgraph((nx.descendants(graph, 0) | {0}) & (nx.ancestors(graph, 7) | {7}))


def line_graph(string: str) -> nx.DiGraph:
    """The pruned cell of an architecture string, its edges as vertices."""
    operations = [part.split("~")[0] for part in string.replace("|+|", "|").strip("|").split("|")]
    cell = nx.DiGraph([(-1, 0), (3, 4)])
    cell.add_edges_from(edge for edge, name in zip(STRING_EDGES, operations, strict=True) if name != "none")
    used = (nx.descendants(cell, -1) | {-1}) & (nx.ancestors(cell, 4) | {4})
    line = nx.line_graph(cell.subgraph(used))
    labels = {**dict(zip(STRING_EDGES, operations, strict=True)), (-1, 0): "input", (3, 4): "output"}
    nx.set_node_attributes(line, labels, "label")
    return line


def unlabelled(graph: nx.DiGraph) -> nx.DiGraph:
    copy = nx.DiGraph(graph)
    ends = ("input", "output")
    nx.set_node_attributes(copy, {v: label if label in ends else "" for v, label in graph.nodes("label")}, "label")
    return copy


def degrees(graph: nx.DiGraph) -> object:
    return tuple(sorted((graph.in_degree(v), graph.out_degree(v)) for v in graph))


def is_same(a: nx.DiGraph, b: nx.DiGraph) -> bool:
    return nx.is_isomorphic(a, b, node_match=same_label)


@pytest.fixture(scope="module")
def shapes() -> dict[object, list[nx.DiGraph]]:
    """What connected cells are without the names of their operations, by the degrees of their vertices."""
    shapes: dict[object, list[nx.DiGraph]] = {}
    for bits in itertools.product((0, 1), repeat=6):
        line = unlabelled(line_graph(STRINGS.decode(np.array(bits, np.int8))))
        if line.has_node((-1, 0)):
            own = shapes.setdefault(degrees(line), [])
            if not any(is_same(line, other) for other in own):
                own.append(line)
    return shapes


def connected_strings() -> np.ndarray:
    """Genotypes of all strings with a path from input to output."""
    cells = STRINGS.enumerate()
    return cells[STRINGS.features(cells).any(1)]


# --- Validity


def test_a_graph_is_valid_exactly_if_it_is_the_line_graph_of_a_cell(shapes: dict[object, list[nx.DiGraph]]) -> None:
    rng = make_rng()
    density = rng.random((2_500, 1)) * 0.7
    edges = rng.random((2_500, 28)) < density
    valid = SPACE.sample(1_500, rng)[:, :28]
    near = valid ^ (rng.random(valid.shape) < 1 / 28)
    genotypes = np.zeros((4_000, 34), np.int8)
    genotypes[:, :28] = np.vstack([edges, near])
    expected = []
    for genotype in genotypes:
        graph = unlabelled(raw_graph(genotype))
        alike = shapes.get(degrees(graph), [])
        expected.append(any(is_same(graph, shape) for shape in alike))
    assert 500 < sum(expected) < 3_500
    np.testing.assert_array_equal(SPACE.is_valid(genotypes), expected)


def test_about_seven_random_graphs_in_a_hundred_are_valid() -> None:
    genotypes = make_rng().integers(SPACE.cardinalities, size=(200_000, 34), dtype=np.int8)
    assert 0.069 < SPACE.is_valid(genotypes).mean() < 0.072


def graph_of(edges: list[tuple[int, int]]) -> np.ndarray:
    return np.array([[pair in edges for pair in PAIRS] + [0] * 6], np.int8)


@pytest.mark.parametrize(
    ("edges", "valid"),
    [
        ([(0, 7)], False),
        ([(0, 1), (1, 7)], True),
        ([(0, 1), (1, 7), (0, 7)], False),
        ([(0, 3), (3, 5), (5, 6), (6, 7)], True),
        ([(0, 2), (2, 3), (3, 4), (4, 5), (5, 7)], False),  # four operations in a row need five nodes
        ([(0, 1), (0, 2), (1, 7), (2, 7)], False),  # both between the same two nodes
        ([(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 7), (6, 7)], False),  # five nodes
        ([(0, 1), (0, 2), (1, 3), (1, 4), (2, 4), (3, 7), (4, 7)], False),  # successors in common, but not all
        ([(0, 1), (0, 2), (1, 7), (2, 3), (3, 7), (0, 5), (4, 6)], True),  # 4, 5 and 6 are pruned
        ([(0, 1), (2, 7)], False),
    ],
)
def test_validity_of_some_graphs(edges: list[tuple[int, int]], valid: bool) -> None:
    assert SPACE.is_valid(graph_of(edges)).tolist() == [valid]


# --- Strings


@settings(max_examples=150)
@given(seed=seeds)
def test_a_graph_is_the_line_graph_of_its_string(seed: int) -> None:
    genotype = SPACE.sample(1, make_rng(seed))[0]
    assert is_same(raw_graph(genotype), line_graph(SPACE.decode(genotype)))


def test_large_graphs_are_the_line_graphs_of_their_strings() -> None:
    """Random graphs have few operations; these come from strings, in random orders."""
    rng = make_rng()
    encodings, owners = SPACE.augment(SPACE.enumerate()[::60])
    for row in rng.permutation(len(owners))[:300]:
        assert is_same(raw_graph(encodings[row]), line_graph(SPACE.decode(encodings[row])))


def test_every_connected_string_becomes_its_line_graph() -> None:
    for genotype in connected_strings()[::31]:
        string = STRINGS.decode(genotype)
        assert is_same(raw_graph(SPACE.encode(string)), line_graph(string))


def test_a_connected_string_comes_back_as_the_same_network() -> None:
    """Told by what networks compute; the official classes keep idle nodes apart."""
    cells = connected_strings()[::6]
    again = np.array([STRINGS.encode(SPACE.decode(SPACE.encode(STRINGS.decode(cell)))) for cell in cells])
    ours, theirs = (STRINGS.canonical(genotypes, per_network=True) for genotypes in (again, cells))
    np.testing.assert_array_equal(ours, theirs)
    full = (cells != 0).all(1)
    np.testing.assert_array_equal(again[full], cells[full])


def test_of_two_names_for_the_nodes_the_string_that_comes_first_is_taken() -> None:
    cells = connected_strings()
    kept = STRINGS.features(cells).reshape(-1, 6, 4).any(2)
    pruned = cells * kept
    renamed = pruned[:, [1, 0, 2, 3, 5, 4]]
    can_be_renamed = pruned[:, 2] == 0
    first = np.where(
        can_be_renamed, np.minimum(STRINGS.identify(pruned), STRINGS.identify(renamed)), STRINGS.identify(pruned)
    )
    found = SPACE.identify(np.array([SPACE.encode(STRINGS.decode(cell)) for cell in cells]))
    np.testing.assert_array_equal(found, first)
    np.testing.assert_array_equal(SPACE.identify(SPACE.enumerate()), np.unique(first))
    assert len(np.unique(first)) == len(SPACE.enumerate()) == 8_764


def test_graphs_have_one_identity_exactly_if_they_are_the_same() -> None:
    genotypes = SPACE.sample(400, make_rng())
    genotypes = genotypes[SPACE.features(genotypes)[:, :24].sum(1) >= 3][:60]
    genotypes[:, 28:] //= 2
    ids, graphs = SPACE.identify(genotypes), list(map(raw_graph, genotypes))
    pairs = list(itertools.combinations(range(len(ids)), 2))
    same = [is_same(graphs[i], graphs[j]) for i, j in pairs]
    assert 20 < sum(same) < len(pairs)
    assert same == [ids[i] == ids[j] for i, j in pairs]


def test_a_written_string() -> None:
    genotype = SPACE.encode(EXAMPLE)
    edges = [pair for pair, bit in zip(PAIRS, genotype, strict=False) if bit]
    assert edges == [(0, 1), (0, 3), (1, 2), (2, 4), (3, 7), (4, 7)]
    assert genotype[28:].tolist() == [1, 0, 3, 2, 0, 0]
    assert SPACE.decode(genotype) == EXAMPLE


@pytest.mark.parametrize(
    ("string", "message"),
    [
        (DISCONNECTED, "No path leads from input to output in"),
        (EXAMPLE[:-1], "Expected an architecture string"),
        (EXAMPLE.replace("avg_pool_3x3", "avg_pool_5x5"), "Unknown nats-tss operation 'avg_pool_5x5'"),
    ],
)
def test_what_is_no_connected_string_is_refused(string: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        SPACE.encode(string)


def test_cells_that_no_graph_stands_for_are_named() -> None:
    known = SPACE.identify(SPACE.enumerate())
    unknown = np.setdiff1d(np.arange(SPACE.size), known)
    assert STRINGS.identify(STRINGS.encode(DISCONNECTED)[None])[0] in unknown
    for cell in unknown[[0, 1, -1]]:
        with pytest.raises(NasbenchError, match=rf"No graph of nats-tss-graph stands for cell {cell}\."):
            SPACE.genotypes_of(np.array([known[0], cell]))


def test_a_cell_stands_for_those_that_compute_the_same() -> None:
    cells = SPACE.enumerate()
    standing_for = SPACE.identify(SPACE.canonical(cells, per_network=True))
    ids = SPACE.identify(cells)
    assert (standing_for <= ids).all()
    of_strings = STRINGS.identify(STRINGS.canonical(STRINGS.genotypes_of(ids), per_network=True))
    assert len(np.unique(standing_for)) == len(np.unique(of_strings)) == 5_259  # all but the disconnected one
    assert len(np.unique(np.stack([standing_for, of_strings]), axis=1).T) == 5_259


def test_networks_are_those_of_the_strings() -> None:
    cells = SPACE.sample(300, make_rng())
    strings = np.array([STRINGS.encode(SPACE.decode(cell)) for cell in cells])
    np.testing.assert_array_equal(SPACE.identify(cells), STRINGS.identify(strings))
    np.testing.assert_array_equal(SPACE.isomorphism_class(cells), STRINGS.isomorphism_class(strings))
    np.testing.assert_array_equal(SPACE.parameters(cells, 100), STRINGS.parameters(strings, 100))
    network = build_network(SPACE, cells[0])
    assert sum(p.numel() for p in network.parameters()) == SPACE.parameters(cells[:1])[0]


# --- Encodings


@settings(max_examples=100)
@given(seed=seeds)
def test_features_and_graphs_are_the_pruned_graph_moved_to_the_front(seed: int) -> None:
    rng = make_rng(seed)
    encodings, _ = SPACE.augment(SPACE.enumerate()[rng.integers(8_764, size=2)])
    for genotype in (SPACE.sample(1, rng)[0], encodings[rng.integers(len(encodings))]):
        graph = raw_graph(genotype)
        place = {vertex: number for number, vertex in enumerate(sorted(graph))}
        edges = {(place[u], place[v]) for u, v in graph.edges}
        operations = [int(genotype[27 + vertex]) for vertex in sorted(graph)[1:-1]]
        one_hot = np.zeros((6, 4))
        one_hot[np.arange(len(operations)), operations] = 1
        expected = [*one_hot.ravel(), *(pair in edges for pair in PAIRS)]
        np.testing.assert_array_equal(SPACE.features(genotype[None])[0], expected)
        graphs = SPACE.graphs(genotype[None])
        assert graphs.labels[0].tolist() == [0, *(op + 2 for op in operations), 1, *[-1] * (6 - len(operations))]
        assert set(map(tuple, np.argwhere(graphs.adjacency[0]).tolist())) == edges
        assert graphs.kinds == 6


@settings(max_examples=25)
@given(seed=seeds)
def test_augmentation_is_every_order_of_the_operations_that_stays_upper_triangular(seed: int) -> None:
    rng = make_rng(seed)
    genotypes = np.vstack([SPACE.sample(2, rng), SPACE.enumerate()[rng.integers(8_764, size=1)]])
    encodings, owners = SPACE.augment(genotypes)
    for row, genotype in enumerate(genotypes):
        graph = raw_graph(genotype)
        inner = sorted(graph)[1:-1]
        expected = set()
        for order in itertools.permutations(inner):
            place = {0: 0, 7: 7, **{vertex: number for number, vertex in enumerate(order, start=1)}}
            edges = {(place[u], place[v]) for u, v in graph.edges}
            if all(u < v for u, v in edges):
                operations = [genotype[27 + vertex] for vertex in order] + [0] * (6 - len(inner))
                expected.add(np.array([*(pair in edges for pair in PAIRS), *operations], np.int8).tobytes())
        found = list(map(bytes, encodings[owners == row]))
        assert sorted(found) == sorted(expected)
        assert sorted(map(bytes, SPACE.isomorphs(genotype))) == sorted(expected)


# --- Variation


def drawn_valid(n: int, draw) -> np.ndarray:
    """Edges drawn over and over, those kept that are valid."""
    kept = np.empty((0, 28), np.int8)
    while len(kept) < n:
        edges = draw()
        genotypes = np.hstack([edges, np.zeros((len(edges), 6), np.int8)])
        kept = np.vstack([kept, edges[SPACE.is_valid(genotypes)]])
    return kept[:n]


def assert_alike(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Each column is 1 equally often in two samples of the same size, and so are sums of rows."""
    shares, pooled = (ours.mean(0), theirs.mean(0)), np.vstack([ours, theirs]).mean(0)
    error = np.sqrt(2 * pooled * (1 - pooled) / len(ours))
    assert (np.abs(shares[0] - shares[1]) <= 4.5 * error).all()
    sums = [np.bincount(sample.sum(1), minlength=29) for sample in (ours, theirs)]
    common = np.add(*sums) > 20
    assert stats.chi2_contingency([counts[common] for counts in sums]).pvalue > 1e-4


def test_samples_are_uniform_over_the_valid_genotypes() -> None:
    n = 40_000
    genotypes = SPACE.sample(n, make_rng())
    rng = make_rng(1)
    assert_alike(genotypes[:, :28], drawn_valid(n, lambda: rng.integers(2, size=(200_000, 28), dtype=np.int8)))
    for gene in range(28, 34):
        assert stats.chisquare(np.bincount(genotypes[:, gene], minlength=4)).pvalue > 1e-4


@pytest.mark.parametrize("seed", [0, 1])
def test_mutation_flips_each_edge_at_the_published_rate_given_that_the_child_is_valid(seed: int) -> None:
    n = 40_000
    parent = SPACE.augment(SPACE.enumerate()[[100 * seed + 7]])[0][-1:]
    rng = make_rng(seed + 10)
    flipped = drawn_valid(n, lambda: parent[:, :28] ^ (rng.random((100_000, 28)) < 1 / 28)) != parent[:, :28]
    children = SPACE.mutate(np.repeat(parent, n, axis=0), make_rng(seed))
    assert_alike(children[:, :28] != parent[:, :28], flipped)
    for gene in range(28, 34):
        others = np.delete(np.bincount(children[:, gene], minlength=4), parent[0, gene])
        assert stats.binomtest(int(others.sum()), n, 1 / 6).pvalue > 1e-4
        assert stats.chisquare(others).pvalue > 1e-4
