"""What each published table is searched on and judged by."""

import numpy as np
import pytest

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.tables import Column, Table, TableContents, choose_objective, searched_datasets, storage


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
def test_the_published_objectives(table: Table, dataset: str | None, search: str, test: str) -> None:
    found = choose_objective(table, dataset)
    assert (found.search, found.validation, found.test) == (search, search, test)
    assert not found.searches_on_test


def test_each_metric_is_searched_on_once() -> None:
    assert searched_datasets(NB101) == ["cifar10"]
    assert searched_datasets(TSS) == ["cifar10", "cifar100", "ImageNet16-120"]
    both = holding("nats-tss", "cifar10-valid/x-valid/200", "cifar10-valid/ori-test/200", "cifar10/ori-test/200")
    assert searched_datasets(both) == ["cifar10"]  # cifar10-valid is searched by the same metric
    assert searched_datasets(holding("nats-tss", "cifar10-valid/x-valid/200")) == []


def test_without_validation_the_test_accuracy_is_maximised_and_that_is_said() -> None:
    found = choose_objective(holding("nb101", "cifar10/test/108@mean"))
    assert (found.search, found.validation, found.test) == ("cifar10/test/108", None, "cifar10/test/108")
    assert found.searches_on_test


def test_another_metric_may_be_searched_or_reported() -> None:
    found = choose_objective(TSS, search="cifar10/ori-test/12", test="cifar10/ori-test/200@777")
    assert (found.search, found.test) == ("cifar10/ori-test/12", "cifar10/ori-test/200@777")
    assert found.validation == "cifar10-valid/x-valid/200"


def test_the_data_set_follows_from_the_searched_metric() -> None:
    assert choose_objective(TSS, search="cifar100/x-valid/200").test == "cifar100/x-test/200"
    assert choose_objective(TSS, search="cifar10-valid/x-valid/200").test == "cifar10/ori-test/200"


def test_an_unknown_data_set_or_metric_lists_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'cifar10'"):
        choose_objective(TSS, "cifar11")
    with pytest.raises(UnknownNameError, match="no metric 'cifar10/x/1' in table t"):
        choose_objective(TSS, search="cifar10/x/1")
    with pytest.raises(UnknownNameError, match="no metric 'cifar10/x/1' in table t"):
        choose_objective(TSS, test="cifar10/x/1")


def test_a_table_without_test_accuracy_asks_for_a_metric() -> None:
    with pytest.raises(NasbenchError, match="holds no test accuracy for mine"):
        choose_objective(holding("other", "mine/valid/1@0"), "mine")


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        (["mine/test/4@0", "mine/test/108@0"], ("mine/test/108", None, "mine/test/108")),
        (["mine/valid/4@0", "mine/test/4@0"], ("mine/valid/4", "mine/valid/4", "mine/test/4")),
        (
            ["m/test/analog", "m/test/baseline", "m/test/zeta"],
            ("m/test/baseline", None, "m/test/baseline"),
        ),
    ],
)
def test_a_space_without_a_published_objective_is_judged_after_its_longest_training(
    metrics: list[str], expected: tuple[str, str | None, str]
) -> None:
    found = choose_objective(holding("other", *metrics))
    assert (found.search, found.validation, found.test) == expected


def test_a_validation_accuracy_of_short_trainings_is_preferred_to_any_test_accuracy() -> None:
    table = holding("nats-tss", "cifar10-valid/x-valid/12@777", "cifar10/ori-test/12@777")
    found = choose_objective(table)
    assert (found.search, found.test) == ("cifar10-valid/x-valid/12", "cifar10/ori-test/12")
    assert not found.searches_on_test


def test_halfway_results_are_no_trainings_of_their_own() -> None:
    table = holding("nb101", "cifar10/valid/36@0", "cifar10/valid/54of108@0", "cifar10/test/36@0")
    assert choose_objective(table).search == "cifar10/valid/36"


def test_networks_trained_on_half_of_cifar10_can_be_reported_themselves() -> None:
    table = holding("nats-tss", "cifar10-valid/x-valid/200@777", "cifar10-valid/ori-test/200@777")
    assert choose_objective(table, "cifar10-valid").test == "cifar10-valid/ori-test/200"
    assert choose_objective(table).search == "cifar10-valid/x-valid/200"


@pytest.mark.parametrize("wanted", ["search", "test"])
def test_what_is_no_accuracy_is_neither_searched_nor_reported(wanted: str) -> None:
    with pytest.raises(NasbenchError, match=r"cifar10/parameters is no accuracy.*Choose from: .*x-valid/200"):
        choose_objective(TSS, **{wanted: "cifar10/parameters"})


def test_an_empty_metric_is_not_no_metric() -> None:
    with pytest.raises(NasbenchError, match="A metric is named dataset/split/epochs"):
        choose_objective(TSS, search="")
