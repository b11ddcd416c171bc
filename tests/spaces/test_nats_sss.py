"""NATS-Bench's size space, against the published table."""

import numpy as np
import pyarrow.parquet
import pytest

from nasbench_ga.errors import NasbenchError
from nasbench_ga.spaces import NATSSize

SPACE = NATSSize()
CLASSES = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}


@pytest.fixture(scope="module")
def table(published):
    return pyarrow.parquet.read_table(published("nats_sss.parquet"))


def test_strings_are_in_the_published_order(table) -> None:
    assert [SPACE.decode(genotype) for genotype in SPACE.enumerate()] == table["arch"].to_pylist()


def test_every_published_string_is_encoded_as_its_row(table) -> None:
    encoded = np.array([SPACE.encode(string) for string in table["arch"].to_pylist()])
    np.testing.assert_array_equal(SPACE.identify(encoded), table["index"].to_numpy())


@pytest.mark.parametrize("dataset", CLASSES)
def test_parameters_are_the_published_ones(table, dataset: str) -> None:
    published = table[f"{dataset}/parameters"].to_numpy()
    np.testing.assert_array_equal(SPACE.parameters(SPACE.enumerate(), CLASSES[dataset]), published)


def test_every_size_is_a_network_of_its_own() -> None:
    np.testing.assert_array_equal(SPACE.isomorphism_class(SPACE.enumerate()), np.arange(32_768))
    np.testing.assert_array_equal(SPACE.isomorphs(np.array([1, 2, 3, 4, 5])), [[1, 2, 3, 4, 5]])


def test_features_are_one_hot_in_each_stage() -> None:
    features = SPACE.features(SPACE.enumerate()[::101]).reshape(-1, 5, 8)
    assert (features.sum(2) == 1).all()
    np.testing.assert_array_equal(features.argmax(2), SPACE.enumerate()[::101])


@pytest.mark.parametrize(
    "wrong", ["8:8:8:8", "8:8:8:8:8:8", "8:8:8:8:9", "0:8:8:8:8", "72:8:8:8:8", "08:8:8:8:8", "8,8,8,8,8"]
)
def test_what_is_no_size_is_refused(wrong: str) -> None:
    with pytest.raises(NasbenchError, match=rf"Expected 5 channel counts out of 8, 16, .*got '{wrong}'"):
        SPACE.encode(wrong)
