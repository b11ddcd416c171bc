"""All 423,624 cells of NAS-Bench-101, against the published table."""

import concurrent.futures
import multiprocessing

import numpy as np
import pyarrow.parquet
import pytest

from nasbench_ga.spaces import NB101, nb101_tabulation
from nasbench_ga.spaces import module_hash as hash_of

SPACE = NB101()
NAMES = np.array(["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"])


@pytest.fixture(scope="module")
def table(published) -> dict[str, np.ndarray]:
    """The published columns; `matrices` is int8, shape (423624, 7, 7), each cell in the upper left corner."""
    columns = pyarrow.parquet.read_table(published("nb101_108.parquet"))
    table = {name: columns[name].to_numpy() for name in columns.column_names if name != "hash"}
    table["hash"] = np.array([value.hex() for value in columns["hash"].to_pylist()])
    matrices = np.zeros((len(table["hash"]), 7, 7), np.int8)
    for c in range(1, 7):
        for r in range(c):
            matrices[:, r, c] = table["adjacency"] >> (r + c * (c - 1) // 2) & 1
    table["matrices"] = matrices
    table["digits"] = table["operations"].astype(int)[:, None] // 3 ** np.arange(5) % 3
    return table


def cells(table: dict[str, np.ndarray], rows: slice) -> list[tuple[list[list[int]], list[str]]]:
    """Published cells as (matrix, operations)."""
    columns = table["vertices"], table["matrices"], NAMES[table["digits"]]
    return [
        ([row[:n] for row in matrix[:n]], ["input", *names[: n - 2], "output"])
        for n, matrix, names in zip(*(column[rows].tolist() for column in columns), strict=True)
    ]


@pytest.fixture(scope="module")
def genotypes(table) -> np.ndarray:
    """Every published cell as a genotype: its output moved to the last vertex."""
    matrices = table["matrices"].copy()
    rows = np.arange(len(matrices))
    last = table["vertices"].astype(int) - 1
    output = matrices[rows, :, last]
    matrices[rows, :, last] = 0
    matrices[:, :, 6] = output
    return np.hstack([matrices[:, *np.triu_indices(7, 1)], table["digits"]]).astype(np.int8)


def test_every_published_cell_is_identified_as_its_row(genotypes: np.ndarray) -> None:
    np.testing.assert_array_equal(SPACE.identify(genotypes), np.arange(SPACE.size))


def test_the_enumeration_is_the_published_encoding(genotypes: np.ndarray) -> None:
    np.testing.assert_array_equal(SPACE.enumerate(), genotypes)


def test_features_hold_the_published_cells(table, genotypes: np.ndarray) -> None:
    features = SPACE.features(genotypes)
    np.testing.assert_array_equal(features[:, 15:], table["matrices"][:, *np.triu_indices(7, 1)])
    inner = np.arange(5) < table["vertices"][:, None] - 2
    one_hot = np.eye(3)[table["digits"]] * inner[:, :, None]
    np.testing.assert_array_equal(features[:, :15], one_hot.reshape(-1, 15))


def test_every_cell_has_its_published_parameters(table) -> None:
    np.testing.assert_array_equal(SPACE.parameters(SPACE.enumerate()), table["parameters"])


def test_parameters_do_not_depend_on_the_encoding_of_a_cell(table) -> None:
    sample = SPACE.sample(2_000, np.random.default_rng(0))
    np.testing.assert_array_equal(SPACE.parameters(sample), table["parameters"][SPACE.identify(sample)])


def test_the_best_cell_has_the_published_hash(table) -> None:
    best = SPACE.enumerate()[table["test_correct"].argmax()]
    assert SPACE.decode(best).module_hash == "02e5a0247bbdcf2860b7e96f74961594"


def test_some_cells_have_their_published_hashes(table) -> None:
    some = slice(None, None, 997)
    assert [hash_of(cell) for cell in cells(table, some)] == table["hash"][some].tolist()


@pytest.mark.slow
def test_every_cell_has_its_published_hash(table) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
        hashes = list(pool.map(hash_of, cells(table, slice(None)), chunksize=5_000))
    assert hashes == table["hash"].tolist()


@pytest.mark.slow
def test_the_tabulation_in_the_package_is_what_the_definition_of_the_space_gives() -> None:
    stored, rebuilt = nb101_tabulation.tabulation(), nb101_tabulation.tabulate()
    for name, array in vars(rebuilt).items():
        assert array.dtype == getattr(stored, name).dtype, name
        np.testing.assert_array_equal(getattr(stored, name), array, err_msg=name)
