"""Look-ups in a small table whose every number is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.tables import Column, Table, TableContents, storage

NAN = np.nan
COLUMNS = {
    "c/test/9@0": Column(np.array([0.5, NAN, NAN, 0.75]), scale=100.0),
    "c/test/9@1": Column(np.array([0.25, 0.5, NAN, 0.75]), scale=100.0),
    "c/valid/9@mean": Column(np.array([10.0, 20.0, 30.0, NAN])),
    "c/train-seconds/9@mean": Column(np.array([1.0, 2.0, 3.0, 4.0])),
    "c/valid-seconds/9@mean": Column(np.array([0.5, 0.5, 0.5, NAN])),
    "c/parameters": Column(np.array([7, 8, 9, 10])),
    "empty/test/9@mean": Column(np.full(4, NAN)),
}


def make(columns: dict[str, Column] = COLUMNS) -> Table:
    return Table("small", storage.store(TableContents("nats-tss", columns, {"source": "x"}, ("A note.",))))


TABLE = make()


def test_a_seed_is_looked_up_with_its_scale() -> None:
    np.testing.assert_array_equal(TABLE.lookup([0, 3, 0], "c/test/9@0"), [50.0, 75.0, 50.0])


@pytest.mark.parametrize("metric", ["c/test/9", "c/test/9@mean"])
def test_the_mean_is_of_the_seeds_there_are_and_none_of_none(metric: str) -> None:
    np.testing.assert_array_equal(TABLE.values(metric), [37.5, 50.0, NAN, 75.0])


def test_a_published_mean_is_taken_as_it_is() -> None:
    np.testing.assert_array_equal(TABLE.values("c/valid/9"), [10.0, 20.0, 30.0, NAN])
    np.testing.assert_array_equal(TABLE.values("c/valid/9@mean"), [10.0, 20.0, 30.0, NAN])


def test_what_no_seed_changes_has_no_seed() -> None:
    np.testing.assert_array_equal(TABLE.values("c/parameters"), [7, 8, 9, 10])
    with pytest.raises(UnknownNameError, match="no seed '0' of c/parameters in table small"):
        TABLE.values("c/parameters@0")


def test_it_tells_what_it_holds() -> None:
    assert len(TABLE) == 4
    assert set(TABLE.metrics) == {name.partition("@")[0] for name in COLUMNS}
    assert TABLE.seeds["c/test/9"] == ("0", "1")
    assert TABLE.seeds["c/valid/9"] == ("mean",)
    assert TABLE.seeds["c/parameters"] == ()
    assert set(TABLE.accuracies) == {"c/test/9", "c/valid/9", "empty/test/9"}
    assert "c/test/9" in TABLE
    assert "c/test/8" not in TABLE
    assert repr(TABLE) == "<Table small of nats-tss: 4 cells, 6 metrics>"


def test_values_cannot_be_overwritten_and_look_ups_can() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TABLE.values("c/test/9")[0] = 1
    found = TABLE.lookup([0], "c/test/9")
    found[0] = 1
    assert TABLE.lookup([0], "c/test/9") == 37.5


@given(ids=st.lists(st.integers(0, 3), min_size=1), dtype=st.sampled_from([np.int8, np.int64, np.uint16]))
def test_a_look_up_is_float64_in_the_order_asked(ids: list[int], dtype: type) -> None:
    found = TABLE.lookup(np.array(ids, dtype), "c/train-seconds/9")
    assert found.dtype == np.float64
    assert found.tolist() == [i + 1.0 for i in ids]


def test_ids_may_have_any_shape() -> None:
    assert TABLE.lookup(np.array([[0, 1], [2, 3]]), "c/parameters").tolist() == [[7, 8], [9, 10]]
    assert TABLE.lookup(np.empty(0, np.int64), "c/parameters").shape == (0,)
    assert TABLE.lookup(3, "c/parameters") == 10


@pytest.mark.parametrize(("ids", "named"), [([-1], "-1 to -1"), ([0, 4], "0 to 4"), ([2**40], str(2**40))])
def test_ids_out_of_range_are_refused(ids: list[int], named: str) -> None:
    with pytest.raises(NasbenchError, match=f"rows 0 to 3, but was asked for .*{named}"):
        TABLE.lookup(ids, "c/parameters")


@pytest.mark.parametrize("ids", [[0.0], [NAN], [True], ["0"]])
def test_ids_that_are_no_integers_are_refused(ids: list[object]) -> None:
    with pytest.raises(NasbenchError, match=r"looked up by integers, as nats-tss\.identify gives them"):
        TABLE.lookup(ids, "c/parameters")


def test_an_unknown_metric_lists_all_and_names_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match="no metric 'c/tests/9' in table small; did you mean 'c/test/9'"
    ) as caught:
        TABLE.lookup([0], "c/tests/9")
    assert all(metric in str(caught.value) for metric in TABLE.metrics)


def test_an_unknown_seed_lists_the_seeds() -> None:
    with pytest.raises(UnknownNameError, match="no seed '2' of c/test/9 in table small") as caught:
        TABLE.values("c/test/9@2")
    assert caught.value.choices == ("mean", "0", "1")


def test_a_name_of_another_form_is_refused() -> None:
    with pytest.raises(NasbenchError, match="dataset/split/epochs"):
        TABLE.values("accuracy")


def test_the_best_ignores_what_is_missing() -> None:
    assert TABLE.best("c/test/9") == (3, 75.0)
    assert TABLE.best("c/valid/9") == (2, 30.0)
    with pytest.raises(NasbenchError, match="holds no number for empty/test/9"):
        TABLE.best("empty/test/9")


def test_cost_is_training_and_one_evaluation() -> None:
    cost = TABLE.cost("c/valid/9")
    np.testing.assert_array_equal(cost.seconds, [1.5, 2.5, 3.5, NAN])
    assert cost.meaning == "published training time and one evaluation on valid"


def test_cost_without_evaluation_times_is_training_and_says_so() -> None:
    cost = TABLE.cost("c/test/9")
    np.testing.assert_array_equal(cost.seconds, [1, 2, 3, 4])
    assert "holds no evaluation times" in cost.meaning


def test_cost_without_training_times_is_not_a_number_and_says_so() -> None:
    cost = TABLE.cost("empty/test/9")
    assert np.isnan(cost.seconds).all()
    assert "not simulated" in cost.meaning


def test_verify_finds_what_changed_in_memory() -> None:
    table = make()
    table.verify()
    stored = table._stored.columns["c/parameters"]
    stored.data.setflags(write=True)
    stored.data[0] += 1
    with pytest.raises(NasbenchError, match="'c/parameters' of the table does not have the checksum"):
        table.verify()
