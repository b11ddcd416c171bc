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
    assert 0.5 < changed.sum(1).mean() < 3
    assert changed.any(0).all()


def test_mutated_children_share_no_memory_with_their_parents(space: Space) -> None:
    parents = space.sample(3, make_rng())
    assert not np.shares_memory(parents, space.mutate(parents, make_rng()))


@given(seed=seeds, n=counts, data=st.data())
def test_crossover_is_valid_and_takes_each_gene_from_a_parent(
    space: Space, seed: int, n: int, data: st.DataObject
) -> None:
    points = data.draw(st.none() | st.integers(1, space.genes - 1))
    a, b = space.sample(n, make_rng(seed)), space.sample(n, make_rng(seed + 1))
    a.setflags(write=False)
    b.setflags(write=False)
    children = space.crossover(a, b, make_rng(seed + 2), points)
    assert_valid(space, children, n)
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
    with pytest.raises(NasbenchError, match=f"1 to {space.genes - 1} points, not {points}"):
        space.crossover(parents, parents, make_rng(), points)


def test_crossover_refuses_more_cuts_than_places(space: Space) -> None:
    parents = space.sample(2, make_rng())
    with pytest.raises(NasbenchError, match=f"1 to {space.genes - 1} points, not {space.genes}"):
        space.crossover(parents, parents, make_rng(), space.genes)


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


def test_no_genotypes_have_no_features(space: Space, some_cells: np.ndarray) -> None:
    width = space.features(some_cells).shape[1]
    assert space.features(np.empty((0, space.genes), np.int8)).shape == (0, width)


# --- Identity


def test_enumeration_identifies_as_the_numbers_from_zero(space: Space) -> None:
    cells = space.enumerate()
    assert_valid(space, cells, space.size)
    np.testing.assert_array_equal(space.identify(cells), np.arange(space.size))


def test_the_enumeration_that_is_kept_cannot_be_damaged(space: Space) -> None:
    cells = space.enumerate()
    if cells.flags.writeable:
        cells[:] = 0
    np.testing.assert_array_equal(space.identify(space.enumerate()[:10]), np.arange(10))


@given(seed=seeds)
def test_identity_is_int64_and_a_row_of_the_enumeration(space: Space, seed: int) -> None:
    genotypes = space.sample(50, make_rng(seed))
    ids = space.identify(genotypes)
    assert ids.dtype == np.int64
    assert ids.shape == (50,)
    assert ((ids >= 0) & (ids < space.size)).all()
    np.testing.assert_array_equal(space.identify(space.enumerate()[ids]), ids)


@given(seed=seeds)
def test_equal_cells_have_equal_parameters_and_class(space: Space, seed: int) -> None:
    genotypes = space.sample(30, make_rng(seed))
    same = space.enumerate()[space.identify(genotypes)]
    np.testing.assert_array_equal(space.parameters(genotypes), space.parameters(same))
    np.testing.assert_array_equal(space.isomorphism_class(genotypes), space.isomorphism_class(same))


@given(seed=seeds)
def test_equal_pruned_cells_have_equal_features(space: Space, seed: int) -> None:
    genotype = space.sample(1, make_rng(seed))
    pruned = space.encode(space.decode(genotype[0]))[None]
    assert str(space.decode(pruned[0])) == str(space.decode(genotype[0]))
    np.testing.assert_array_equal(space.features(pruned), space.features(genotype))


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


def test_every_feature_is_set_for_some_cell(space: Space) -> None:
    assert (space.features(space.enumerate()).max(0) == 1).all()


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

METHODS = ("is_valid", "identify", "isomorphism_class", "features", "parameters")
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
        for method in ("identify", "isomorphism_class", "parameters"):
            with pytest.raises(NasbenchError, match="Genotype 0"):
                getattr(space, method)(genotype)


@pytest.mark.parametrize("wrong", ["", "nonsense", "|none~0|", "8:8", "8:8:8:8:9"])
def test_text_that_is_no_cell_is_not_encoded(space: Space, wrong: str) -> None:
    with pytest.raises(NasbenchError):
        space.encode(wrong)


def test_an_unknown_space_is_named_with_all_there_are() -> None:
    with pytest.raises(NasbenchError, match="There is no space 'nb102'; did you mean 'nb101'") as caught:
        get_space("nb102")
    assert all(name in str(caught.value) for name in spaces)
