"""The reader of published means against the published optima, and against tables whose rows are not the cells."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.readers import read


@pytest.fixture(scope="module")
def nb101(published):
    return read(published("nb101_108.parquet"))


@pytest.fixture(scope="module")
def tss(published):
    return read(published("nats_tss.parquet"))


@pytest.fixture(scope="module")
def sss(published):
    return read(published("nats_sss.parquet"))


def best(contents, metric):
    column = contents.columns[metric]
    return np.max(column.values) * column.scale


def test_nb101_has_the_published_best_cell_and_sizes(nb101):
    accuracy, parameters = nb101.columns["cifar10/test/108@mean"], nb101.columns["cifar10/parameters"].values
    assert best(nb101, "cifar10/test/108@mean") == pytest.approx(94.3175752957662, abs=1e-6)  # of 32-bit floats
    space = get_space("nb101")
    cell = space.decode(space.enumerate()[np.argmax(accuracy.values)])
    assert space.module_hash(cell) == "02e5a0247bbdcf2860b7e96f74961594"
    assert (parameters.min(), parameters.max()) == (227_274, 49_979_274)
    assert parameters.dtype == np.int64


def test_nb101_agrees_with_the_samples_of_the_official_file(nb101, published):
    sample = read(published("nb101/nasbench_only108_300.tfrecord")).columns
    rows = np.flatnonzero(~np.isnan(sample["cifar10/parameters"].values))
    assert len(rows) == 300
    np.testing.assert_array_equal(
        sample["cifar10/parameters"].values[rows], nb101.columns["cifar10/parameters"].values[rows]
    )
    mean = np.mean([sample[f"cifar10/test/108@{repeat}"].values[rows] for repeat in range(3)], axis=0)
    np.testing.assert_allclose(nb101.columns["cifar10/test/108@mean"].values[rows], mean, atol=1e-12)


def test_nb101_says_what_it_does_not_hold(nb101):
    assert nb101.columns.keys() == {"cifar10/test/108@mean", "cifar10/parameters"}
    assert "no validation accuracy" in nb101.notes[0]


@pytest.mark.parametrize(
    ("metric", "optimum"),
    [
        ("cifar10-valid/x-valid/200@mean", 91.6067),
        ("cifar10-valid/ori-test/200@mean", 91.5233),
        ("cifar10/ori-test/200@mean", 94.3733),
        ("cifar100/x-valid/200@mean", 73.4933),
        ("cifar100/x-test/200@mean", 73.5133),
        ("ImageNet16-120/x-valid/200@mean", 46.7333),
        ("ImageNet16-120/x-test/200@mean", 47.3111),
    ],
)
def test_tss_has_the_published_optima(tss, metric, optimum):
    assert best(tss, metric) == pytest.approx(optimum, abs=5e-5)


@pytest.mark.parametrize(
    ("dataset", "split", "optimum"),
    [("cifar10", "ori-test", 93.65), ("cifar100", "x-test", 71.34), ("ImageNet16-120", "x-test", 47.40)],
)
def test_sss_has_the_published_optima(sss, dataset, split, optimum):
    assert best(sss, f"{dataset}/{split}/90@mean") == pytest.approx(optimum, abs=5e-5)


@pytest.mark.parametrize("name", ["tss", "sss"])
@pytest.mark.parametrize(("dataset", "classes"), [("cifar10", 10), ("cifar100", 100), ("ImageNet16-120", 120)])
def test_parameters_are_those_of_the_space(request, name, dataset, classes):
    contents, space = request.getfixturevalue(name), get_space(f"nats-{name}")
    expected = space.parameters(space.enumerate(), classes)
    np.testing.assert_array_equal(contents.columns[f"{dataset}/parameters"].values, expected)


def test_train_seconds_are_epochs_times_seconds_an_epoch(tss, published):
    per_epoch = pq.read_table(published("nats_tss.parquet"))["cifar10/train-seconds-per-epoch"].to_numpy()
    for epochs in (12, 200):
        whole = tss.columns[f"cifar10/train-seconds/{epochs}@mean"].values
        half = tss.columns[f"cifar10-valid/train-seconds/{epochs}@mean"].values
        np.testing.assert_array_equal(whole, epochs * per_epoch)
        np.testing.assert_array_equal(half, whole / 2)
    assert not any(name.startswith("cifar100/train-seconds") for name in tss.columns)


def test_nats_tables_say_what_they_do_not_hold(tss, sss):
    assert any("Validation times are not in this table" in note for note in tss.notes)
    assert any("Training times are not in this table" in note for note in sss.notes)
    assert not any("Training times" in note for note in tss.notes)
    assert not any(name.endswith("-per-epoch") for name in tss.columns)


# ---------------------------------------------------------------- tables changed here


@pytest.fixture(scope="module")
def originals(published):
    names = {"nb101": "nb101_108", "tss": "nats_tss", "sss": "nats_sss"}
    return {name: pq.read_table(published(f"{file}.parquet")) for name, file in names.items()}


def changed(table, column, **values):
    """The table with some values of one column replaced, given as row_123=value."""
    content = table[column].to_pylist()
    for row, value in values.items():
        content[int(row.removeprefix("row_"))] = value
    at = table.column_names.index(column)
    return table.set_column(at, column, pa.array(content, table[column].type))


@pytest.mark.parametrize(
    ("name", "column", "values", "complaint"),
    [
        ("nb101", "hash", {"row_5": b"\xff" * 16}, "ascending order, but row 6"),
        ("nb101", "operations", {"row_0": 88}, "row 0 to be cell 0"),
        ("nb101", "adjacency", {"row_9": 0}, "no nb101 cell"),
        ("nb101", "test_correct", {"row_9": 29_953}, "up to 29952"),
        ("nb101", "parameters", {"row_9": 0}, "positive parameters"),
        ("tss", "index", {"row_9": 8}, "indices"),
        ("tss", "arch", {"row_9": "|none~0|"}, "architecture string"),
        ("tss", "cifar10/ori-test/200", {"row_9": 120.0}, "from 0 to 100"),
        ("tss", "cifar10/mega-flops", {"row_9": -1.0}, "cifar10/mega-flops"),
        ("tss", "cifar10/train-seconds-per-epoch", {"row_9": -1.0}, "train-seconds-per-epoch"),
        ("sss", "arch", {"row_9": "8:8:8:8:8"}, "as architecture 9"),
    ],
)
def test_a_changed_table_is_refused(originals, tmp_path, name, column, values, complaint):
    pq.write_table(changed(originals[name], column, **values), tmp_path / "changed.parquet")
    with pytest.raises(CorruptFileError, match=complaint):
        read(tmp_path / "changed.parquet")


def test_a_missing_accuracy_stays_missing(originals, tmp_path):
    table = changed(originals["tss"], "cifar10/ori-test/200", row_9=None)
    pq.write_table(table, tmp_path / "gap.parquet")
    values = read(tmp_path / "gap.parquet").columns["cifar10/ori-test/200@mean"].values
    assert np.flatnonzero(np.isnan(values)).tolist() == [9]


def test_part_of_nb101_is_refused(originals, tmp_path):
    pq.write_table(originals["nb101"].slice(0, 1000), tmp_path / "part.parquet")
    with pytest.raises(CorruptFileError, match="423,624 rows"):
        read(tmp_path / "part.parquet")


def test_another_layout_is_told_what_is_expected(tmp_path):
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "other.parquet")
    with pytest.raises(NasbenchError, match=r"(?s)test_correct.*15,625.*got 2 rows of \['a'\]"):
        read(tmp_path / "other.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(500) + b"PAR1"])
def test_a_damaged_file_is_corrupt(tmp_path, content):
    (tmp_path / "damaged.parquet").write_bytes(content)
    with pytest.raises(CorruptFileError, match="cannot be read as parquet"):
        read(tmp_path / "damaged.parquet")
