"""What each published table is searched on and judged by."""

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.tables import Column, Table, TableContents, protocol, storage


def holding(space: str, *metrics: str) -> Table:
    columns = {metric: Column(np.array([1.0, 2.0])) for metric in metrics}
    return Table("t", storage.store(TableContents(space, columns)))


TSS = holding(
    "nats-tss",
    *("cifar10-valid/x-valid/200@777", "cifar10/ori-test/200@777", "cifar10/ori-test/12@777"),
    *("cifar100/x-valid/200@777", "cifar100/x-test/200@777", "ImageNet16-120/x-valid/200@777"),
    *("ImageNet16-120/x-test/200@777", "cifar10/parameters"),
)
NB101 = holding("nb101", "cifar10/valid/108@0", "cifar10/test/108@0")


@pytest.mark.parametrize(
    ("table", "dataset", "search", "test"),
    [
        (NB101, None, "cifar10/valid/108", "cifar10/test/108"),
        (TSS, None, "cifar10-valid/x-valid/200", "cifar10/ori-test/200"),
        (TSS, "cifar10", "cifar10-valid/x-valid/200", "cifar10/ori-test/200"),
        (TSS, "cifar100", "cifar100/x-valid/200", "cifar100/x-test/200"),
        (TSS, "ImageNet16-120", "ImageNet16-120/x-valid/200", "ImageNet16-120/x-test/200"),
    ],
)
def test_the_published_protocols(table: Table, dataset: str | None, search: str, test: str) -> None:
    found = protocol(table, dataset)
    assert (found.search, found.validation, found.test, found.notes) == (search, search, test, ())


def test_without_validation_the_test_accuracy_is_maximised_and_that_is_said() -> None:
    found = protocol(holding("nb101", "cifar10/test/108@mean"))
    assert (found.search, found.validation, found.test) == ("cifar10/test/108", None, "cifar10/test/108")
    assert "optimistic" in found.notes[0]


def test_another_metric_may_be_searched_or_reported() -> None:
    found = protocol(TSS, search="cifar10/ori-test/12", test="cifar10/ori-test/200@777")
    assert (found.search, found.test) == ("cifar10/ori-test/12", "cifar10/ori-test/200@777")
    assert found.validation == "cifar10-valid/x-valid/200"


def test_the_data_set_follows_from_the_searched_metric() -> None:
    assert protocol(TSS, search="cifar100/x-valid/200").test == "cifar100/x-test/200"
    assert protocol(TSS, search="cifar10-valid/x-valid/200").test == "cifar10/ori-test/200"


def test_an_unknown_data_set_or_metric_lists_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'cifar10'"):
        protocol(TSS, "cifar11")
    with pytest.raises(UnknownNameError, match="no metric in table t 'cifar10/x/1'"):
        protocol(TSS, search="cifar10/x/1")
    with pytest.raises(UnknownNameError, match="no metric in table t 'cifar10/x/1'"):
        protocol(TSS, test="cifar10/x/1")


def test_a_table_without_test_accuracy_asks_for_a_metric() -> None:
    with pytest.raises(NasbenchError, match="holds no test accuracy for mine"):
        protocol(holding("other", "mine/valid/1@0"), "mine")


def test_another_space_is_judged_by_its_last_test_metric() -> None:
    found = protocol(holding("other", "mine/test/1@0", "mine/test/2@0"))
    assert (found.search, found.validation, found.test) == ("mine/test/2", None, "mine/test/2")
