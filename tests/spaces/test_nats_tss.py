"""NATS-Bench's topology space, against the official API, its meta file and the published table."""

import bz2
import itertools

import networkx
import numpy as np
import pyarrow.parquet
import pytest
from nasbench_pytorch.model.model_spec import ModelSpec
from nats_bench.genotype_utils import topology_str2structure

from nasbench_ga.errors import NasbenchError
from nasbench_ga.files import load_plain_pickle
from nasbench_ga.spaces import NATSTopology

SPACE = NATSTopology()
NAMES = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
CLASSES = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
EXAMPLE = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"


@pytest.fixture(scope="module")
def table(published):
    return pyarrow.parquet.read_table(published("nats_tss.parquet"))


@pytest.fixture(scope="module")
def strings() -> list[str]:
    return [SPACE.decode(genotype) for genotype in SPACE.enumerate()]


@pytest.fixture(scope="module")
def groups(strings: list[str]) -> dict[str, list[int]]:
    """Which rows the official API takes for one network."""
    groups: dict[str, list[int]] = {}
    for row, string in enumerate(strings):
        groups.setdefault(topology_str2structure(string).to_unique_str(consider_zero=True), []).append(row)
    return groups


def test_strings_are_in_the_order_of_the_published_table(table, strings: list[str]) -> None:
    assert strings == table["arch"].to_pylist()


def test_strings_are_in_the_order_of_the_official_meta_file(published, strings: list[str]) -> None:
    path = published("nats-tss/meta.pickle.pbz2")
    assert strings == load_plain_pickle(bz2.decompress(path.read_bytes()), str(path))["meta_archs"]


def test_every_string_is_encoded_as_its_genotype(strings: list[str]) -> None:
    encoded = np.array([SPACE.encode(string) for string in strings])
    np.testing.assert_array_equal(encoded, SPACE.enumerate())


def test_the_first_published_string() -> None:
    assert SPACE.encode(EXAMPLE).tolist() == [4, 2, 1, 2, 1, 1]
    assert SPACE.identify([[4, 2, 1, 2, 1, 1]]) == 0


def test_there_are_6466_networks() -> None:
    assert len(np.unique(SPACE.isomorphism_class(SPACE.enumerate()))) == 6_466


def test_networks_are_those_of_the_official_api(groups: dict[str, list[int]]) -> None:
    assert len(groups) == 6_466
    classes = SPACE.isomorphism_class(SPACE.enumerate())
    assert all(len(set(classes[rows])) == 1 for rows in groups.values())


def test_isomorphs_are_the_strings_of_one_official_group(groups: dict[str, list[int]]) -> None:
    for rows in list(groups.values())[::97]:
        np.testing.assert_array_equal(SPACE.isomorphs(SPACE.enumerate()[rows[-1]]), SPACE.enumerate()[rows])


def test_every_string_is_augmented_to_the_different_features_of_its_official_group(groups) -> None:
    cells = SPACE.enumerate()
    encodings, owners = SPACE.augment(cells)
    features = SPACE.features(cells)
    expected = {row: {bytes(features[member]) for member in rows} for rows in groups.values() for row in rows}
    starts = np.searchsorted(owners, np.arange(len(cells) + 1))
    written = list(map(bytes, SPACE.features(encodings)))
    found = [written[start:end] for start, end in itertools.pairwise(starts)]
    assert [set(own) for own in found] == [expected[row] for row in range(len(cells))]
    assert all(len(own) == len(set(own)) for own in found)


def test_graphs_are_line_graphs_of_the_pruned_cells() -> None:
    """Each edge is a vertex, followed by those that start where it ends (networkx)."""
    cells = SPACE.enumerate()[::23]
    graphs = SPACE.graphs(cells)
    edges = [(-1, 0), *((source, target) for target in range(1, 4) for source in range(target)), (3, 4)]
    for cell, labels, adjacency in zip(cells, graphs.labels, graphs.adjacency, strict=True):
        operations = without_idle_edges(cell)
        kept = [(edge, op) for edge, op in zip(edges[1:-1], operations, strict=True) if op]
        line = networkx.line_graph(networkx.DiGraph([edges[0], *(edge for edge, _ in kept), edges[-1]]))
        assert labels.tolist() == [0, *(op + 1 if op else -1 for op in operations), 1]
        found = {(edges[u], edges[v]) for u, v in np.argwhere(adjacency)}
        assert found == set(line.edges)


def network(operations: np.ndarray) -> object:
    """The output as nested tuples: a sum is a sorted tuple of terms, a term is 0, nothing, or an operation on a sum."""
    nodes: list[object] = [("input",)]
    edges = iter(operations)
    for target in range(1, 4):
        terms = []
        for source, operation in zip(nodes[:target], itertools.islice(edges, target), strict=True):
            if operation == 0 or source == ("nothing",):
                terms.append("nothing")
            elif operation == 1:
                terms.extend(source)
            else:
                terms.append((int(operation), source))
        nodes.append(tuple(sorted(terms, key=repr)))
    return nodes[3]


def test_networks_are_those_of_nested_sums() -> None:
    """A derivation that shares no code and no notation; in it a skip melts into the sum it feeds."""
    cells = SPACE.enumerate()
    networks: dict[object, int] = {}
    numbers = np.array([networks.setdefault(network(cell), len(networks)) for cell in cells])
    classes = SPACE.isomorphism_class(cells)
    pairs = np.unique(np.stack([classes, numbers], axis=1), axis=0)
    assert len(np.unique(pairs[:, 0])) == len(pairs)  # no two different sums have one class


def outputs(cell: np.ndarray) -> tuple[float, ...]:
    """What a cell gives when its convolutions are random functions: for every way to deal them out, in order."""
    kinds = {2: (0.3, 0.7, 1.1, 1.9, 2.3, 3.1), 3: (0.5, 0.9, 1.3, 1.7, 2.9, 3.7)}
    edges = [(source, target) for target in range(1, 4) for source in range(target)]
    own = {kind: [edge for edge, operation in enumerate(cell) if operation == kind] for kind in kinds}
    dealt = itertools.product(*(itertools.permutations(kinds[kind][: len(own[kind])]) for kind in kinds))
    found = []
    for factors in dealt:
        factor = dict(zip(own[2] + own[3], itertools.chain(*factors), strict=True))
        nodes = [0.4321, 0.0, 0.0, 0.0]
        for edge, (source, target) in enumerate(edges):
            x = nodes[source]
            nodes[target] += {0: 0.0, 1: x, 4: np.tanh(x)}.get(cell[edge], np.sin(factor.get(edge, 0) * x))
        found.append(round(nodes[3], 9))
    return (len(own[2]), len(own[3]), *sorted(found))


def test_a_cell_stands_for_those_that_compute_the_same() -> None:
    """Against numbers: equal if and only if some renaming of the convolutions makes all outputs equal."""
    cells = SPACE.enumerate()[:1500]
    representatives = SPACE.canonical(cells, per_network=True)
    pruned = np.array([without_idle_edges(cell) for cell in cells])
    numbers = {}
    for cell, representative in zip(pruned, representatives, strict=True):
        numbers.setdefault(outputs(cell), set()).add(bytes(representative))
    assert all(len(found) == 1 for found in numbers.values())
    assert len(numbers) == len(np.unique(representatives, axis=0))


def without_idle_edges(cell: np.ndarray) -> np.ndarray:
    edges = [(source, target) for target in range(1, 4) for source in range(target)]
    on_path = np.zeros(6, bool)
    for path in ([(0, 3)], [(0, 1), (1, 3)], [(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]):
        along = [edges.index(edge) for edge in path]
        on_path[along] |= all(cell[edge] != 0 for edge in along)
    return np.where(on_path, cell, 0)


def test_a_convolution_used_twice_is_not_two() -> None:
    """The official rule has these in one class; one has two 1x1 convolutions, the other one."""
    twice = SPACE.encode(
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|skip_connect~1|+|avg_pool_3x3~0|skip_connect~1|skip_connect~2|"
    )
    two = SPACE.encode(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    assert len(set(SPACE.isomorphism_class(np.stack([twice, two])))) == 1
    assert len(np.unique(SPACE.canonical(np.stack([twice, two]), per_network=True), axis=0)) == 2


def test_representatives_stand_for_themselves_and_come_first() -> None:
    cells = SPACE.enumerate()
    standing_for = SPACE.identify(SPACE.canonical(cells, per_network=True))
    assert (standing_for <= np.arange(len(cells))).all()
    np.testing.assert_array_equal(standing_for[standing_for], standing_for)
    assert len(np.unique(standing_for)) == 5_260
    np.testing.assert_array_equal(SPACE.canonical(cells), cells)


@pytest.mark.parametrize("dataset", CLASSES)
def test_parameters_are_the_published_ones(table, dataset: str) -> None:
    published = table[f"{dataset}/parameters"].to_numpy()
    np.testing.assert_array_equal(SPACE.parameters(SPACE.enumerate(), CLASSES[dataset]), published)


def test_features_tell_the_operation_of_each_edge() -> None:
    genotype = np.array([[4, 2, 1, 2, 1, 3]], np.int8)  # every edge is on a path
    features = SPACE.features(genotype).reshape(6, 4)
    assert (features.sum(1) == 1).all()
    assert [features[edge].argmax() + 1 for edge in range(6)] == genotype[0].tolist()


def test_features_of_edges_on_no_path_are_zero() -> None:
    """The published encoding prunes a cell before it is written down (Pan & Yao's own code), as a graph of edges."""
    follows = {0: (2, 4), 1: (5,), 2: (5,)}
    for genotype in SPACE.enumerate()[::50]:
        matrix = np.zeros((8, 8), int)
        matrix[0, [1, 2, 4]] = 1
        matrix[[4, 5, 6], 7] = 1
        for edge, later in follows.items():
            matrix[edge + 1, np.array(later) + 1] = 1
        matrix[1:7][genotype == 0] = 0
        kept = np.zeros(6, bool)
        if SPACE.is_valid(genotype[None])[0] and topology_str2structure(SPACE.decode(genotype)).check_valid():
            kept[[name - 1 for name in ModelSpec(matrix, list(range(8))).ops[1:-1]]] = True
        features = SPACE.features(genotype[None]).reshape(6, 4)
        np.testing.assert_array_equal(features.any(1), kept, err_msg=SPACE.decode(genotype))


@pytest.mark.parametrize(
    ("string", "message"),
    [
        (
            EXAMPLE.replace("avg_pool_3x3", "avg_pool_5x5"),
            "Unknown nats-tss operation 'avg_pool_5x5'.*Choose from: none",
        ),
        (EXAMPLE[:-1], "Expected an architecture string"),
        (EXAMPLE + "\n", "Expected an architecture string"),
        (EXAMPLE.replace("~2", "~1"), "Expected an architecture string"),
        ("", "Expected an architecture string"),
    ],
)
def test_what_is_no_architecture_string_is_refused(string: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        SPACE.encode(string)
