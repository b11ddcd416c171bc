"""The AnalogNAS-Bench reader against values read from the pickle's opcodes, and against what such a file may hide."""

import os
import pickle
import pickletools
import sys
import types

import numpy as np
import pytest

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.catalog import CATALOG
from nasbench_ga.tables.readers import analog, read
from tests.support.payload import Runs

SKIPS = "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|"


@pytest.fixture(scope="module")
def contents():
    return read(CATALOG["analog-nas"].installed_file())


def row(architecture):
    space = get_space("nats-tss")
    return space.identify(space.encode(architecture)[None])[0]


def value(contents, metric, architecture):
    return contents.columns[f"cifar10/{metric}"].values[row(architecture)]


def test_has_the_published_numbers_of_the_first_cell(contents):
    """Copied from the file by eye, with pickletools."""
    expected = {
        "test/baseline": 60.7836,
        "test/ptq": 59.2256,
        "test/qat": 37.5616,
        "test/noisy": 10.0,
        "test/analog": 57.49,
        "test/baseline-drift-60s": 10.0,
        "test-uncertainty/baseline-drift-60s": 0.0,
        "test/analog-drift-3600s": 53.79,
        "test-uncertainty/analog-drift-3600s": 2.82,
        "test/analog-drift-2592000s": 46.86,
        "test-uncertainty/analog-drift-2592000s": 3.4,
    }
    for metric, number in expected.items():
        assert value(contents, metric, SKIPS) == pytest.approx(number, abs=1e-9)


def test_puts_operations_on_the_edges_that_the_tuple_means(contents):
    """(0, 0, 0, 0, 0, 1) and (0, 0, 0, 0, 0, 2): the last slot is the edge from node 2 to 3."""
    for operation, baseline, analog_accuracy in (("none", 84.0836, 79.202), ("nor_conv_3x3", 88.6748, 85.4748)):
        architecture = SKIPS.replace("skip_connect~2|", f"{operation}~2|")
        assert value(contents, "test/baseline", architecture) == pytest.approx(baseline, abs=1e-9)
        assert value(contents, "test/analog", architecture) == pytest.approx(analog_accuracy, abs=1e-9)


def test_every_number_of_the_first_cells_is_where_the_opcodes_say(contents):
    """The floats in the order of the file, without any unpickling."""
    order = ["baseline", "ptq", "qat", "noisy", "analog"]
    metrics = [f"test/{name}" for name in order]
    for drift in analog.DRIFTS:
        metrics += [f"test/{drift}", f"test-uncertainty/{drift}"]
    opcodes = pickletools.genops(CATALOG["analog-nas"].installed_file().read_bytes()[:3000])
    floats = []
    while len(floats) < len(metrics):
        opcode, argument, _ = next(opcodes)
        if opcode.name == "BINFLOAT":
            floats.append(argument)
        elif opcode.name in ("BINGET", "LONG_BINGET") and argument == -1:
            pytest.fail("a number is given by reference")
    assert [value(contents, metric, SKIPS) for metric in metrics] == floats


def test_holds_every_cell_and_metric(contents):
    names = {f"cifar10/test/{name}" for name in (*analog.CONDITIONS, *analog.DRIFTS)}
    names |= {f"cifar10/test-uncertainty/{name}" for name in analog.DRIFTS}
    assert contents.columns.keys() == names
    assert all(not np.isnan(column.values).any() for column in contents.columns.values())
    assert contents.provenance["cells"] == "15625"


def test_accuracies_are_means_of_25_evaluations_of_10_000_images(contents):
    for condition in analog.CONDITIONS:
        correct = contents.columns[f"cifar10/test/{condition}"].values * 25 * 10_000 / 100
        exceptions = np.sum(np.abs(correct - correct.round()) > 1e-6)
        assert exceptions <= 4, condition


def test_agrees_with_nas_bench_201_as_far_as_two_trainings_can(contents, published):
    """A wrong order of edges or operations would leave next to no correlation among good cells."""
    theirs = read(published("nats_tss.parquet")).columns["cifar10/ori-test/200@mean"].values
    ours = contents.columns["cifar10/test/baseline"].values
    good = theirs > 90
    assert np.corrcoef(theirs, ours)[0, 1] > 0.97
    assert np.corrcoef(theirs[good], ours[good])[0, 1] > 0.9


def test_the_number_that_was_published_twice_is_kept_and_pointed_out(contents):
    assert value(contents, "test/analog-drift-60s", SKIPS) == 87.4944
    assert any(f"row {row(SKIPS)}" in note and "analog-drift-60s" in note for note in contents.notes)


def test_the_package_is_not_imported(contents):
    assert contents.columns
    assert "analognasbench" not in sys.modules


# ---------------------------------------------------------------- files made here


@pytest.fixture
def package(monkeypatch):
    """A package of the published name, whose classes pickle as the real ones do and must not be called to read."""
    module = types.ModuleType("analognasbench.data")
    for name in ("Architecture", "DriftMeasurement"):
        kind = type(name, (), {"__module__": module.__name__, "__qualname__": name})
        setattr(module, name, kind)
    monkeypatch.setitem(sys.modules, "analognasbench", types.ModuleType("analognasbench"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def record(package, cell=(0,) * 6, **changes):
    architecture = package.Architecture()
    numbers = {f"{name}_accuracy": 50.0 for name in analog.CONDITIONS}
    for drift in analog.DRIFTS:
        numbers[drift.removesuffix("s").replace("-", "_")] = measurement(package, 40.0, 1.0)
    vars(architecture).update({"architecture": cell} | numbers | changes)
    return architecture


def measurement(package, value, uncertainty):
    drift = package.DriftMeasurement()
    vars(drift).update(value=value, uncertainty=uncertainty)
    return drift


def write(path, content):
    path.write_bytes(pickle.dumps(content, protocol=4))
    return path


def test_what_could_not_be_parsed_is_nan_and_counted(package, tmp_path):
    broken = record(package, qat_accuracy=None, analog_drift_60=measurement(package, 0.0, 0.0))
    contents = read(write(tmp_path / "data.anb", {(0,) * 6: broken}))
    at = row(SKIPS)
    missing = {name for name, column in contents.columns.items() if np.isnan(column.values[at])}
    assert missing == {
        "cifar10/test/qat",
        "cifar10/test/analog-drift-60s",
        "cifar10/test-uncertainty/analog-drift-60s",
    }
    assert any("missing or could not be parsed" in note for note in contents.notes)


@pytest.mark.parametrize(
    "changes",
    [
        {"baseline_accuracy": 101.0},
        {"noisy_accuracy": -1.0},
        {"architecture": (0, 0, 0, 0, 0, 1)},
        {"analog_drift_60": 3.0},
    ],
)
def test_a_record_that_is_none_is_refused(package, tmp_path, changes):
    with pytest.raises(CorruptFileError, match=r"data\.anb"):
        read(write(tmp_path / "data.anb", {(0,) * 6: record(package, **changes)}))


@pytest.mark.parametrize("cell", [(0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 5), (0, 0, 0, 0, 0, -1)])
def test_another_cell_is_refused(package, tmp_path, cell):
    with pytest.raises(CorruptFileError, match=r"data\.anb"):
        read(write(tmp_path / "data.anb", {cell: record(package, cell)}))


@pytest.mark.parametrize("content", [[], {}, {"a": 1}, 7])
def test_another_content_is_refused(tmp_path, content):
    with pytest.raises(CorruptFileError, match="not AnalogNAS-Bench's table"):
        read(write(tmp_path / "data.anb", content))


@pytest.mark.parametrize("function", [os.system, eval])
def test_a_pickle_that_asks_for_code_is_refused_and_not_run(tmp_path, function):
    trace = tmp_path / "ran"
    argument = f"touch {trace}" if function is os.system else f"open({str(trace)!r}, 'w')"
    write(tmp_path / "data.anb", {(0,) * 6: Runs(function, argument)})
    with pytest.raises(CorruptFileError, match="only numpy arrays and plain containers"):
        read(tmp_path / "data.anb")
    assert not trace.exists()
