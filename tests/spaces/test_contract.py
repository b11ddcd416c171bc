"""What every registered space promises."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import CategoricalSpace, Space, get_space, spaces
from nasbench_ga.spaces.layers import GENES

PARTIAL = {"nats-tss-graph"}  # cannot express every cell of their benchmark
ORDERLESS = {"nats-tss-graph"}  # a decoded cell does not tell the order of vertices, which features do
VARIABLE = {"layer-chain"}  # its genes come in slots of layers, which move when others come or go
CATEGORICAL = [name for name in spaces if issubclass(spaces[name], CategoricalSpace)]
seeds = st.integers(0, 2**32 - 1)
counts = st.integers(0, 12)


def make_rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def assert_valid(space: Space, genotypes: np.ndarray, n: int) -> None:
    assert genotypes.dtype == np.int8
    assert genotypes.shape == (n, space.genes)
    assert space.is_valid(genotypes).all()


@pytest.fixture(scope="session", params=CATEGORICAL)
def categorical(request: pytest.FixtureRequest) -> CategoricalSpace:
    return get_space(request.param)


# --- Registration


def test_is_registered_under_its_own_name(space: Space) -> None:
    assert type(space) is spaces[space.name]


def test_cardinalities_are_int8_and_every_gene_varies(space: Space) -> None:
    assert space.cardinalities.dtype == np.int8
    assert space.cardinalities.shape == (space.genes,)
    assert (space.cardinalities >= 2).all()


# --- Variation


@given(seed=seeds, n=counts)
def test_sample_is_valid_and_deterministic(space: Space, seed: int, n: int) -> None:
    genotypes = space.sample(n, make_rng(seed))
    assert_valid(space, genotypes, n)
    np.testing.assert_array_equal(genotypes, space.sample(n, make_rng(seed)))


def test_samples_of_different_seeds_differ(space: Space) -> None:
    assert not np.array_equal(space.sample(50, make_rng(1)), space.sample(50, make_rng(2)))


@given(seed=seeds, n=counts)
def test_mutate_is_valid_and_deterministic_and_leaves_the_parents(space: Space, seed: int, n: int) -> None:
    parents = space.sample(n, make_rng(seed))
    before = parents.copy()
    parents.setflags(write=False)
    children = space.mutate(parents, make_rng(seed + 1))
    assert_valid(space, children, n)
    np.testing.assert_array_equal(parents, before)
    np.testing.assert_array_equal(children, space.mutate(parents, make_rng(seed + 1)))


def test_mutation_changes_about_one_gene_and_any_gene(space: Space) -> None:
    parents = space.sample(4_000, make_rng())
    changed = space.mutate(parents, make_rng(1)) != parents
    if space.name in VARIABLE:
        slots = changed.reshape(len(changed), -1, len(GENES))
        assert slots.any((1, 2)).all()
        assert slots.any((0, 1)).all()
        assert slots.any((0, 2)).all()
        return
    assert 0.5 < changed.sum(1).mean() < 3
    never = {"nats-tss-graph": [6]}.get(space.name, [])  # the edge from input to output
    np.testing.assert_array_equal(np.flatnonzero(~changed.any(0)), never)


def test_mutated_children_share_no_memory_with_their_parents(space: Space) -> None:
    parents = space.sample(3, make_rng())
    assert not np.shares_memory(parents, space.mutate(parents, make_rng()))


@given(seed=seeds, n=counts, data=st.data())
def test_crossover_is_valid_and_takes_each_gene_from_a_parent(
    space: Space, seed: int, n: int, data: st.DataObject
) -> None:
    points = data.draw(st.none() | st.integers(1, space.most_cuts))
    a, b = space.sample(n, make_rng(seed)), space.sample(n, make_rng(seed + 1))
    a.setflags(write=False)
    b.setflags(write=False)
    children = space.crossover(a, b, make_rng(seed + 2), points)
    assert_valid(space, children, n)
    if space.name in VARIABLE:
        for child, *parents in zip(children, a, b, strict=True):
            assert {*space.decode(child)} <= {layer for parent in parents for layer in space.decode(parent)}
    else:
        assert ((children == a) | (children == b)).all()
    np.testing.assert_array_equal(children, space.crossover(a, b, make_rng(seed + 2), points))


@pytest.mark.parametrize("points", [None, 1, 2])
def test_crossover_of_equal_parents_is_that_parent(space: Space, points: int | None) -> None:
    parents = space.sample(20, make_rng())
    np.testing.assert_array_equal(space.crossover(parents, parents, make_rng(), points), parents)


@pytest.mark.parametrize("points", [None, 1, 2, 3, 4])
def test_a_categorical_child_has_as_many_cuts_as_asked_and_starts_with_either(
    categorical: CategoricalSpace, points: int | None
) -> None:
    n = 4_000
    zeros, ones = np.zeros((n, categorical.genes), np.int8), np.ones((n, categorical.genes), np.int8)
    children = categorical.crossover(zeros, ones, make_rng(), points)
    cuts = np.diff(children, axis=1) != 0
    if points is not None:
        assert (cuts.sum(1) == points).all()
    share = (categorical.genes - 1) / 2 if points is None else points
    expected = np.full(categorical.genes - 1, share / (categorical.genes - 1))
    deviation = np.abs(cuts.mean(0) - expected) / np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / n)
    assert (deviation < 4.5).all()
    assert stats.binomtest(int(children[:, 0].sum()), n, 0.5).pvalue > 1e-3


@pytest.mark.parametrize("points", [-1, 0])
def test_crossover_refuses_too_few_cuts(space: Space, points: int) -> None:
    parents = space.sample(2, make_rng())
    with pytest.raises(NasbenchError, match=f"1 to {space.most_cuts} points, not {points}"):
        space.crossover(parents, parents, make_rng(), points)


def test_crossover_refuses_more_cuts_than_places(space: Space) -> None:
    parents = space.sample(2, make_rng())
    with pytest.raises(NasbenchError, match=f"1 to {space.most_cuts} points, not {space.most_cuts + 1}"):
        space.crossover(parents, parents, make_rng(), space.most_cuts + 1)


def test_crossover_refuses_unequal_numbers_of_parents(space: Space) -> None:
    with pytest.raises(NasbenchError, match="got 2 and 3"):
        space.crossover(space.sample(2, make_rng()), space.sample(3, make_rng()), make_rng())


def test_a_cross_that_is_never_valid_gives_the_first_parent(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = space.sample(3, make_rng(1)), space.sample(3, make_rng(2))
    monkeypatch.setattr(type(space), "is_valid", lambda self, genotypes: np.zeros(len(genotypes), bool))
    np.testing.assert_array_equal(space.crossover(a, b, make_rng()), a)


def test_variation_leaves_global_randomness_alone(space: Space) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    parents = space.sample(10, make_rng())
    space.mutate(space.crossover(parents, parents[::-1], make_rng()), make_rng())
    space.isomorphs(parents[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_sample_is_uniform_over_the_values_of_each_categorical_gene(categorical: CategoricalSpace) -> None:
    genotypes = categorical.sample(20_000, make_rng())
    for gene, values in enumerate(categorical.cardinalities):
        assert stats.chisquare(np.bincount(genotypes[:, gene], minlength=values)).pvalue > 1e-4


def test_rate_zero_changes_nothing(categorical: CategoricalSpace) -> None:
    parents = categorical.sample(200, make_rng())
    np.testing.assert_array_equal(categorical.mutate(parents, make_rng(), 0.0), parents)


def test_rate_one_changes_every_gene(categorical: CategoricalSpace) -> None:
    parents = categorical.sample(200, make_rng())
    assert (categorical.mutate(parents, make_rng(), 1.0) != parents).all()


def test_each_categorical_gene_changes_once_in_as_many_as_there_are(categorical: CategoricalSpace) -> None:
    n = 30_000
    parents = np.repeat(categorical.sample(1, make_rng()), n, axis=0)
    changed = categorical.mutate(parents, make_rng(1)) != parents
    for count in changed.sum(0):
        assert stats.binomtest(int(count), n, 1 / categorical.genes).pvalue > 1e-4


def test_a_categorical_gene_changes_to_each_other_value_equally_often(categorical: CategoricalSpace) -> None:
    parents = np.repeat(categorical.sample(1, make_rng()), 20_000, axis=0)
    children = categorical.mutate(parents, make_rng(1), 1.0)
    for gene, values in enumerate(categorical.cardinalities):
        others = np.delete(np.bincount(children[:, gene], minlength=values), parents[0, gene])
        assert len(others) == values - 1
        assert stats.chisquare(others).pvalue > 1e-4


# --- Nothing at all


def test_no_genotypes_are_no_trouble(space: Space) -> None:
    none = np.empty((0, space.genes), np.int8)
    assert space.sample(0, make_rng()).shape == (0, space.genes)
    assert space.mutate(none, make_rng()).shape == (0, space.genes)
    assert space.crossover(none, none, make_rng()).shape == (0, space.genes)
    assert space.crossover(none, none, make_rng(), 1).shape == (0, space.genes)
    assert space.is_valid(none).shape == (0,)
    assert space.identify(none).shape == (0,)
    assert space.isomorphism_class(none).shape == (0,)
    assert space.parameters(none).shape == (0,)
    assert space.canonical(none).shape == space.canonical(none, per_network=True).shape == (0, space.genes)
    assert len(space.graphs(none)) == 0
    encodings, owners = space.augment(none)
    assert (encodings.shape, owners.shape) == ((0, space.genes), (0,))


def test_no_genotypes_have_no_features(space: Space, some_cells: np.ndarray) -> None:
    width = space.features(some_cells).shape[1]
    assert space.features(np.empty((0, space.genes), np.int8)).shape == (0, width)


# --- Identity


def test_enumeration_identifies_as_the_numbers_from_zero(enumerable: Space) -> None:
    cells = enumerable.enumerate()
    ids = enumerable.identify(cells)
    assert_valid(enumerable, cells, len(cells))
    if enumerable.name in PARTIAL:
        assert ids[0] >= 0
        assert (np.diff(ids) > 0).all()
        assert ids[-1] < enumerable.size > len(ids)
    else:
        np.testing.assert_array_equal(ids, np.arange(enumerable.size))


def test_a_genotype_of_each_numbered_cell(enumerable: Space, enumerable_cells: np.ndarray) -> None:
    ids = enumerable.identify(enumerable_cells)[::-3]
    np.testing.assert_array_equal(enumerable.genotypes_of(ids), enumerable_cells[::-3])
    assert enumerable.genotypes_of(ids[:0]).shape == (0, enumerable.genes)


@pytest.mark.parametrize("beyond", [-1, 0])
def test_numbers_of_no_cell_are_refused(enumerable: Space, beyond: int) -> None:
    wrong = beyond if beyond < 0 else enumerable.size
    with pytest.raises(NasbenchError, match=f"numbered 0 to {enumerable.size - 1}, so none is {wrong}"):
        enumerable.genotypes_of(np.array([enumerable.identify(enumerable.enumerate()[:1])[0], wrong]))


def test_cells_of_a_space_too_large_to_enumerate_have_genotypes() -> None:
    class Huge(CategoricalSpace):
        name = benchmark = "huge"
        cardinalities = np.full(20, 5, np.int8)

        def encode(self, cell: str) -> np.ndarray: ...

        def decode(self, genotype: np.ndarray) -> str: ...

    genotypes = Huge().sample(50, make_rng())
    np.testing.assert_array_equal(Huge().genotypes_of(Huge().identify(genotypes)), genotypes)


def test_what_can_be_drawn_is_enumerated(enumerable: Space) -> None:
    ids = enumerable.identify(enumerable.sample(2_000, make_rng()))
    assert np.isin(ids, enumerable.identify(enumerable.enumerate())).all()


def test_the_enumeration_that_is_kept_cannot_be_damaged(enumerable: Space) -> None:
    cells = enumerable.enumerate()
    before = cells[:10].copy()
    if cells.flags.writeable:
        cells[:] = 0
    np.testing.assert_array_equal(enumerable.enumerate()[:10], before)


@given(seed=seeds)
def test_identity_is_int64_and_a_row_of_the_enumeration(space: Space, seed: int) -> None:
    genotypes = space.sample(50, make_rng(seed))
    ids = space.identify(genotypes)
    assert ids.dtype == np.int64
    assert ids.shape == (50,)
    assert ((ids >= 0) & (ids < space.size)).all()
    np.testing.assert_array_equal(space.identify(space.canonical(genotypes)), ids)
    if space.enumerable:
        np.testing.assert_array_equal(space.identify(space.genotypes_of(ids)), ids)


@given(seed=seeds)
def test_equal_cells_have_equal_parameters_and_class(space: Space, seed: int) -> None:
    genotypes = space.sample(30, make_rng(seed))
    same = space.genotypes_of(space.identify(genotypes)) if space.enumerable else space.canonical(genotypes)
    np.testing.assert_array_equal(space.parameters(genotypes), space.parameters(same))
    np.testing.assert_array_equal(space.isomorphism_class(genotypes), space.isomorphism_class(same))


@given(seed=seeds)
def test_equal_pruned_cells_have_equal_features(space: Space, seed: int) -> None:
    genotype = space.sample(1, make_rng(seed))
    pruned = space.encode(space.decode(genotype[0]))[None]
    assert str(space.decode(pruned[0])) == str(space.decode(genotype[0]))
    if space.name in ORDERLESS:
        features = space.features(space.augment(genotype)[0])
        assert (features == space.features(pruned)).all(1).any()
    else:
        np.testing.assert_array_equal(space.features(pruned), space.features(genotype))


def test_the_published_genotypes_are_the_same_cells_of_the_benchmark(space: Space, some_cells: np.ndarray) -> None:
    published, benchmark = space.published(some_cells), get_space(space.benchmark)
    np.testing.assert_array_equal(benchmark.identify(published), space.identify(some_cells))
    if benchmark.enumerable:
        np.testing.assert_array_equal(published, benchmark.genotypes_of(space.identify(some_cells)))
    else:
        np.testing.assert_array_equal(published, some_cells)


def test_what_cannot_be_enumerated_says_so(space: Space, some_cells: np.ndarray) -> None:
    if space.enumerable:
        return
    assert space.size == 2**63 - 1
    for ask in (space.enumerate, lambda: space.genotypes_of(space.identify(some_cells))):
        with pytest.raises(NasbenchError, match="too many to be enumerated"):
            ask()


def test_every_gene_order_in_memory_reads_alike(space: Space, some_cells: np.ndarray) -> None:
    np.testing.assert_array_equal(space.identify(np.asfortranarray(some_cells)), space.identify(some_cells))
    np.testing.assert_array_equal(space.identify(some_cells[::-2]), space.identify(some_cells)[::-2])


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64, np.uint8, np.uint64])
def test_any_integer_type_reads_alike(space: Space, some_cells: np.ndarray, dtype: type) -> None:
    np.testing.assert_array_equal(space.identify(some_cells.astype(dtype)), space.identify(some_cells))
    np.testing.assert_array_equal(space.features(some_cells.astype(dtype)), space.features(some_cells))


def test_lists_read_like_arrays(space: Space, some_cells: np.ndarray) -> None:
    np.testing.assert_array_equal(space.identify(some_cells.tolist()), space.identify(some_cells))
    np.testing.assert_array_equal(space.features(some_cells.tolist()), space.features(some_cells))


# --- Isomorphs


@given(seed=seeds)
def test_isomorphs_are_distinct_genotypes_of_one_network(space: Space, seed: int) -> None:
    genotype = space.sample(1, make_rng(seed))
    isomorphs = space.isomorphs(genotype[0])
    assert_valid(space, isomorphs, len(isomorphs))
    assert len(isomorphs) >= 1
    assert len(np.unique(isomorphs, axis=0)) == len(isomorphs)
    assert (space.isomorphism_class(isomorphs) == space.isomorphism_class(genotype)).all()


@given(seed=seeds)
def test_isomorphs_are_the_same_for_each_of_them(space: Space, seed: int) -> None:
    isomorphs = space.isomorphs(space.sample(1, make_rng(seed))[0])
    again = space.isomorphs(isomorphs[-1])
    np.testing.assert_array_equal(np.unique(isomorphs, axis=0), np.unique(again, axis=0))


@given(seed=seeds)
def test_isomorphs_include_the_cell_as_it_is_decoded(space: Space, seed: int) -> None:
    genotype = space.sample(1, make_rng(seed))[0]
    isomorphs = space.isomorphs(genotype)
    assert (isomorphs == space.encode(space.decode(genotype))).all(1).any()


# --- Augmentation


@given(seed=seeds, n=counts)
def test_augmentation_gives_each_network_in_all_its_encodings(space: Space, seed: int, n: int) -> None:
    genotypes = space.sample(n, make_rng(seed))
    encodings, owners = space.augment(genotypes)
    assert_valid(space, encodings, len(owners))
    assert owners.dtype == np.int64
    assert set(owners) == set(range(n))
    assert (np.diff(owners) >= 0).all()
    classes = space.isomorphism_class(encodings)
    np.testing.assert_array_equal(classes, space.isomorphism_class(genotypes)[owners])
    own, features = space.features(genotypes), space.features(encodings)
    for row in range(n):
        mine = features[owners == row]
        assert len(np.unique(mine, axis=0)) == len(mine)
        assert (mine == own[row]).all(1).any()


@given(seed=seeds, n=counts)
def test_augmentation_of_many_is_that_of_each(space: Space, seed: int, n: int) -> None:
    genotypes = space.sample(n, make_rng(seed))
    encodings, owners = space.augment(genotypes)
    for row, genotype in enumerate(genotypes):
        alone, zeros = space.augment(genotype[None])
        np.testing.assert_array_equal(alone, encodings[owners == row])
        assert not zeros.any()


@given(seed=seeds)
def test_augmentation_is_the_isomorphs_that_features_tell_apart(space: Space, seed: int) -> None:
    genotypes = space.sample(3, make_rng(seed))
    encodings, owners = space.augment(genotypes)
    plainly, plain_owners = Space.augment(space, genotypes)
    np.testing.assert_array_equal(owners, plain_owners)
    for row in range(len(genotypes)):
        ours, theirs = space.features(encodings[owners == row]), space.features(plainly[owners == row])
        np.testing.assert_array_equal(np.unique(ours, axis=0), np.unique(theirs, axis=0))


# --- Graphs


def test_graphs_are_acyclic_with_one_input_and_one_output(space: Space, some_cells: np.ndarray) -> None:
    graphs = space.graphs(some_cells)
    n, vertices = graphs.labels.shape
    assert graphs.labels.dtype == np.int16
    assert graphs.adjacency.dtype == bool
    assert graphs.adjacency.shape == (n, vertices, vertices)
    assert len(graphs) == n == len(some_cells)
    assert not np.tril(graphs.adjacency).any()
    assert (graphs.labels[:, 0] == 0).all()
    assert ((graphs.labels == 0).sum(1) == 1).all()
    assert ((graphs.labels == 1).sum(1) == 1).all()
    assert graphs.labels.min() >= -1
    assert graphs.labels.max() < graphs.kinds


def test_every_vertex_is_on_a_path_and_no_other_has_edges(space: Space, some_cells: np.ndarray) -> None:
    graphs = space.graphs(some_cells)
    feeds, is_fed = graphs.adjacency.any(2), graphs.adjacency.any(1)
    assert not (feeds | is_fed)[graphs.labels < 0].any()
    assert (feeds & is_fed)[graphs.labels >= 2].all()


def test_graphs_are_equal_exactly_where_features_are(space: Space) -> None:
    genotypes = space.sample(3_000, make_rng())
    graphs = space.graphs(genotypes)
    written = np.hstack([graphs.labels, graphs.adjacency.reshape(len(graphs), -1)])
    by_graph = np.unique(written, axis=0, return_inverse=True)[1].ravel()
    by_features = np.unique(space.features(genotypes), axis=0, return_inverse=True)[1].ravel()
    pairs = np.unique(np.stack([by_graph, by_features]), axis=1)
    assert pairs.shape[1] == by_graph.max() + 1 == by_features.max() + 1


def test_some_graphs_are_taken(space: Space, some_cells: np.ndarray) -> None:
    taken, alone = space.graphs(some_cells).take(np.array([7, 3])), space.graphs(some_cells[[7, 3]])
    np.testing.assert_array_equal(taken.labels, alone.labels)
    np.testing.assert_array_equal(taken.adjacency, alone.adjacency)
    assert taken.kinds == alone.kinds


def test_a_categorical_cell_is_a_chain_with_a_label_for_each_value_of_each_gene() -> None:
    class Wide(CategoricalSpace):
        name = benchmark = "wide"
        cardinalities = np.array([127, 2, 100], np.int8)

        def encode(self, cell: str) -> np.ndarray: ...

        def decode(self, genotype: np.ndarray) -> str: ...

    graphs = Wide().graphs(np.array([[0, 0, 0], [126, 1, 99]], np.int8))
    assert graphs.labels.tolist() == [[0, 2, 129, 131, 1], [0, 128, 130, 230, 1]]
    assert graphs.kinds == 231
    np.testing.assert_array_equal(graphs.adjacency, [np.eye(5, k=1)] * 2)


def test_a_space_need_not_say_what_graph_its_cells_are(space: Space) -> None:
    with pytest.raises(NasbenchError, match=f"The space {space.name} does not say what graph its cells are"):
        Space.graphs(space, space.sample(1, make_rng()))


# --- Encodings


@given(seed=seeds)
def test_decoding_and_encoding_keeps_the_identity(space: Space, seed: int) -> None:
    genotype = space.sample(1, make_rng(seed))
    encoded = space.encode(space.decode(genotype[0]))
    assert encoded.dtype == np.int8
    assert encoded.shape == (space.genes,)
    assert space.identify(encoded[None]) == space.identify(genotype)


def test_a_decoded_cell_is_one_line_of_text_and_tells_cells_apart(space: Space, some_cells: np.ndarray) -> None:
    texts = [str(space.decode(genotype)) for genotype in some_cells]
    assert len(set(texts)) == len(some_cells)
    assert all(text and "\n" not in text for text in texts)


def test_features_are_zeros_and_ones_in_float32(space: Space, some_cells: np.ndarray) -> None:
    features = space.features(some_cells)
    assert features.dtype == np.float32
    assert features.ndim == 2
    assert len(features) == len(some_cells)
    assert set(np.unique(features)) == {0, 1}


def test_every_feature_is_set_for_some_cell(enumerable: Space) -> None:
    cells = enumerable.enumerate()
    if enumerable.name in ORDERLESS:
        cells = enumerable.augment(cells)[0]
    never = {"nats-tss-graph": [24 + 6]}.get(enumerable.name, [])  # no operation at all between input and output
    np.testing.assert_array_equal(np.flatnonzero(enumerable.features(cells).max(0) == 0), never)


def test_features_of_each_cell_do_not_depend_on_the_others(space: Space, some_cells: np.ndarray) -> None:
    together = space.features(some_cells)
    np.testing.assert_array_equal(np.vstack([space.features(cell[None]) for cell in some_cells]), together)


def test_parameters_are_positive_and_grow_with_the_classes(space: Space, some_cells: np.ndarray) -> None:
    ten, hundred = space.parameters(some_cells), space.parameters(some_cells, classes=100)
    assert ten.dtype == np.int64
    assert (ten > 0).all()
    widths = (hundred - ten) / 90 - 1  # a classifier has (width + 1) numbers a class
    assert (widths > 0).all()
    assert (widths == widths.astype(int)).all()


# --- What is no genotype

METHODS = ("is_valid", "identify", "isomorphism_class", "features", "parameters", "graphs", "augment")
VARIED = ("mutate", "crossover")


def call(space: Space, method: str, genotypes: object) -> object:
    if method == "mutate":
        return space.mutate(genotypes, make_rng())
    if method == "crossover":
        return space.crossover(genotypes, genotypes, make_rng())
    return getattr(space, method)(genotypes)


@pytest.mark.parametrize("method", [*METHODS, *VARIED])
def test_wrong_shapes_are_refused(space: Space, method: str) -> None:
    good = space.sample(3, make_rng())
    for wrong in (good[:, 1:], np.hstack([good, good]), good[None], np.int8(0), np.empty(0, np.int8)):
        with pytest.raises(NasbenchError, match=rf"shape \(n, {space.genes}\), got shape"):
            call(space, method, wrong)


@pytest.mark.parametrize("method", [*METHODS, *VARIED])
def test_a_single_genotype_is_refused_with_advice(space: Space, method: str) -> None:
    with pytest.raises(NasbenchError, match=r"write genotype\[None\]"):
        call(space, method, space.sample(1, make_rng())[0])


@pytest.mark.parametrize("method", ["isomorphs", "decode"])
def test_many_genotypes_are_refused_where_one_is_asked_for(space: Space, method: str) -> None:
    with pytest.raises(NasbenchError, match="got shape"):
        getattr(space, method)(space.sample(2, make_rng()))


@pytest.mark.parametrize("method", [*METHODS, *VARIED])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, "U1", object])
def test_wrong_types_are_refused(space: Space, method: str, dtype: object) -> None:
    with pytest.raises(NasbenchError, match=r"integers \(int8\), got"):
        call(space, method, space.sample(2, make_rng()).astype(dtype))


def test_nan_is_refused(space: Space) -> None:
    with pytest.raises(NasbenchError, match=r"integers \(int8\), got float64"):
        space.identify(np.full((1, space.genes), np.nan))


@pytest.mark.parametrize("method", [*METHODS, *VARIED])
@given(data=st.data())
def test_values_out_of_range_are_named(space: Space, method: str, data: st.DataObject) -> None:
    genotypes = space.sample(3, make_rng()).astype(np.int64)
    row, gene = data.draw(st.integers(0, 2)), data.draw(st.integers(0, space.genes - 1))
    most = int(space.cardinalities[gene]) - 1
    wrong = data.draw(st.integers(-(2**40), -1) | st.integers(most + 1, 2**40))
    genotypes[row, gene] = wrong
    with pytest.raises(NasbenchError) as caught:
        call(space, method, genotypes)
    assert f"Gene {gene} of {space.name} takes the values 0 to {most}" in str(caught.value)
    assert f"genotype {row} has {wrong} there" in str(caught.value)


@pytest.mark.parametrize("wrong", [-128, -1, 127])
def test_int8_out_of_range_is_refused(space: Space, wrong: int) -> None:
    genotypes = space.sample(2, make_rng())
    genotypes[1, -1] = wrong
    with pytest.raises(NasbenchError, match=f"genotype 1 has {wrong} there"):
        space.identify(genotypes)


@given(data=st.data())
def test_what_is_not_valid_has_no_identity(
    space: Space, raw_genotypes: Callable[[Space], st.SearchStrategy], data: st.DataObject
) -> None:
    genotype = data.draw(raw_genotypes(space))[None]
    if space.is_valid(genotype)[0]:
        assert 0 <= space.identify(genotype)[0] < space.size
    else:
        for method in METHODS[1:]:
            with pytest.raises(NasbenchError, match="Genotype 0"):
                getattr(space, method)(genotype)


@pytest.mark.parametrize("wrong", ["", "nonsense", "|none~0|", "8:8", "8:8:8:8:9"])
def test_text_that_is_no_cell_is_not_encoded(space: Space, wrong: str) -> None:
    with pytest.raises(NasbenchError):
        space.encode(wrong)


def test_a_space_is_made_with_settings_of_its_own_only(space: Space) -> None:
    if space.Settings is None:
        with pytest.raises(NasbenchError, match=f"The space {space.name} has nothing to set, but got 3"):
            get_space(space.name, 3)
    else:
        assert type(get_space(space.name, space.Settings())) is type(space)
        with pytest.raises(NasbenchError, match=f"settings of the space {space.name} are a .*Settings, not 3"):
            get_space(space.name, 3)


def test_a_space_is_there_for_images_of_any_kind(space: Space) -> None:
    other = space.for_images((3, 20, 10), 7)
    assert type(other) is type(space)
    assert (other is space) == (space.image is None)
    assert other.image in (None, (3, 20, 10))


def test_an_unknown_space_is_named_with_all_there_are() -> None:
    with pytest.raises(NasbenchError, match="There is no space 'nb102'; did you mean 'nb101'") as caught:
        get_space("nb102")
    assert all(name in str(caught.value) for name in spaces)
