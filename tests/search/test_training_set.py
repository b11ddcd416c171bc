"""What NAS-EA-FA learns from and calls new: mended, and with each defect of the study's code."""

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.search import NASEAFASettings
from nasbench_ga.search.training_set import TrainingSet, training_set
from nasbench_ga.spaces import NB101Raw9, get_space

EDGES = 21


@pytest.fixture(scope="module")
def space() -> NB101Raw9:
    return get_space("nb101-raw9")


@pytest.fixture(scope="module")
def cells(space: NB101Raw9) -> np.ndarray:
    """Different cells, two of which have the same edges."""
    cells = space.sample(100, np.random.default_rng(1))
    cells = cells[np.sort(np.unique(space.identify(cells), return_index=True)[1])][:30]
    cells[7, :EDGES] = cells[3, :EDGES]
    cells[7, EDGES:] = (cells[3, EDGES:] + 1) % 3
    assert len(np.unique(space.identify(cells))) == len(cells)
    return cells


def rows_of(encodings: np.ndarray, owner: np.ndarray) -> set[tuple[int, ...]]:
    return {(*row, int(own)) for row, own in zip(encodings.tolist(), owner, strict=True)}


def test_each_cell_stands_for_all_of_its_encodings(space: NB101Raw9, cells: np.ndarray) -> None:
    encodings, owner = TrainingSet(space).examples(cells)
    expected = {(*row, n) for n, cell in enumerate(cells) for row in space.isomorphs(cell).tolist()}
    assert rows_of(encodings, owner) == expected


def test_one_encoding_is_enough_for_what_does_not_see_the_order(space: NB101Raw9, cells: np.ndarray) -> None:
    encodings, owner = TrainingSet(space).examples(cells, sees_order=False)
    np.testing.assert_array_equal(encodings, cells)
    np.testing.assert_array_equal(owner, np.arange(len(cells)))


def test_distances_are_to_the_nearest_encoding(space: NB101Raw9, cells: np.ndarray) -> None:
    candidates = space.sample(40, np.random.default_rng(2))
    vectors = [row for cell in cells for row in space.features(space.isomorphs(cell)).tolist()]
    expected = [
        min(sum(a != b for a, b in zip(own, other, strict=True)) for other in vectors)
        for own in space.features(candidates).tolist()
    ]
    assert TrainingSet(space).distance(candidates, cells).tolist() == expected


def test_a_network_is_new_once(space: NB101Raw9, cells: np.ndarray) -> None:
    candidates = np.vstack([cells[5:9], cells[2:4], cells[20:22], cells[20:21]])
    assert TrainingSet(space).new(candidates, cells[:10]).tolist() == [6, 7]
    assert TrainingSet(space).new(cells[:0], cells).tolist() == []


def test_defect_evaluates_again(space: NB101Raw9, cells: np.ndarray) -> None:
    """Nothing that was evaluated is skipped, and nothing that comes twice."""
    candidates = np.vstack([cells[:3], cells[:3]])
    mended, published = TrainingSet(space), training_set(space, True, ("evaluates-again",))
    assert mended.new(candidates, cells).tolist() == []
    assert published.new(candidates, cells).tolist() == list(range(6))


@pytest.mark.parametrize("sees_order", [True, False])
def test_defect_learns_from_30_percent(space: NB101Raw9, cells: np.ndarray, sees_order: bool) -> None:
    mended = TrainingSet(space).examples(cells, sees_order)
    published = training_set(space, True, ("learns-from-30-percent",)).examples(cells, sees_order)
    learned = int(0.3 * len(mended[1]))
    assert 0 < learned == len(published[1])
    for first, second in zip(mended, published, strict=True):
        np.testing.assert_array_equal(first[:learned], second)


@pytest.mark.parametrize("sees_order", [True, False])
def test_defect_takes_operations_for_edges(space: NB101Raw9, cells: np.ndarray, sees_order: bool) -> None:
    """The first 21 of the 36 bits are 15 of operations and 6 of edges."""
    published = training_set(space, True, ("takes-operations-for-edges",))
    expected = set()
    for number, cell in enumerate(cells):
        expected.add((*cell.tolist(), number))
        for isomorph in space.isomorphs(cell):
            misread = np.concatenate([space.features(isomorph[None])[0, :EDGES].astype(np.int8), cell[EDGES:]])
            if space.is_valid(misread[None])[0]:
                expected.add((*misread.tolist(), number))
    encodings, owner = published.examples(cells, sees_order)
    assert rows_of(encodings, owner) == expected
    assert (np.diff(owner) >= 0).all()
    assert len(expected) > len(cells)
    right = rows_of(*TrainingSet(space).examples(cells))
    assert len(expected - right) > 0.3 * len(expected)


@pytest.mark.parametrize("sees_order", [True, False])
def test_defect_ignores_operations(space: NB101Raw9, cells: np.ndarray, sees_order: bool) -> None:
    """Cell 7 has the edges of cell 3, so it is no example itself; cell 3, the first, stays."""
    examples = training_set(space, True, ("ignores-operations",)).examples(cells, sees_order)
    mended = TrainingSet(space).examples(cells, sees_order)
    missing = rows_of(*mended) - rows_of(*examples)
    assert {row[-1] for row in missing} == {7}
    itself = space.features(cells[7:8])
    assert all((space.features(np.array([row[:-1]], np.int8)) == itself).all() for row in missing)


def test_defect_compares_different_vectors(space: NB101Raw9, cells: np.ndarray) -> None:
    candidates = space.sample(40, np.random.default_rng(2))
    mended = TrainingSet(space).distance(candidates, cells)
    published = training_set(space, True, ("compares-different-vectors",)).distance(candidates, cells)
    edge_bits = cells[:, :EDGES].tolist()
    truncated = [
        min(sum(a != b for a, b in zip(own[:EDGES], other, strict=True)) for other in edge_bits)
        for own in space.features(candidates).tolist()
    ]
    assert published.tolist() == np.minimum(mended, truncated).tolist()
    assert (published < mended).any()


@pytest.mark.parametrize("defect", ["takes-operations-for-edges", "ignores-operations", "compares-different-vectors"])
def test_defects_of_edge_bits_need_edge_bits(defect: str) -> None:
    with pytest.raises(NasbenchError, match=r"nats-tss has none. Choose nb101-raw9 or nats-tss-graph"):
        training_set(get_space("nats-tss"), True, (defect,))


def test_as_published_is_every_defect_of_the_surrogate() -> None:
    assert NASEAFASettings().switched_on == ()
    assert NASEAFASettings(as_published=True).switched_on == ("evaluates-again",)
    assert len(NASEAFASettings(as_published=True, surrogate="gcn-dervisi").switched_on) == 5
    assert NASEAFASettings(defects=("ignores-operations",)).switched_on == ("ignores-operations",)
    both = NASEAFASettings(as_published=True, defects=("learns-from-30-percent", "learns-from-30-percent"))
    assert both.switched_on == ("evaluates-again", "learns-from-30-percent")


def test_a_defect_of_augmentation_needs_augmentation() -> None:
    with pytest.raises(NasbenchError, match="v1 has none; choose v2"):
        training_set(get_space("nb101"), False, ("takes-operations-for-edges",))
