"""The NAS-Bench-101 reader against what the official API reads, and against damage of every kind."""

import base64
import json
import struct

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasbench_ga.errors import CorruptFileError
from nasbench_ga.spaces import get_space
from nasbench_ga.tables.readers import nasbench101, read
from nasbench_ga.tables.readers.tfrecord import begins_with_record, masked_crc32c, read_records
from tests.support import nasbench101_file as synthetic
from tests.support.nasbench101_file import frame

SAMPLE = "nb101/nasbench_only108_300.tfrecord"
MATRIX = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
NAMES = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]


@pytest.fixture(scope="module")
def sample(published):
    return read(published(SAMPLE))


@pytest.fixture(scope="module")
def expected(published):
    return json.loads(published("nb101/expected.json").read_text())


def looked_up(contents, metric, rows):
    column = contents.columns[metric]
    return column.values[rows] * column.scale


def rows_of(expected):
    space = get_space("nb101")
    cells = [(cell["module_adjacency"], cell["module_operations"]) for cell in expected.values()]
    return space.identify(np.stack([space.encode(cell) for cell in cells]))


@pytest.mark.parametrize(
    ("metric", "key", "per_cent"),
    [
        ("test/108", "final_test_accuracy", 100),
        ("valid/108", "final_validation_accuracy", 100),
        ("train/108", "final_train_accuracy", 100),
        ("train-seconds/108", "final_training_time", 1),
        ("test/54of108", "halfway_test_accuracy", 100),
    ],
)
def test_agrees_with_the_official_api_on_every_cell(sample, expected, metric, key, per_cent):
    rows = rows_of(expected)
    for repeat in range(3):
        published = np.array([cell[key][repeat] for cell in expected.values()]) * per_cent
        np.testing.assert_array_equal(looked_up(sample, f"cifar10/{metric}@{repeat}", rows), published)


def test_has_the_published_parameters(sample, expected):
    published = [cell["trainable_parameters"] for cell in expected.values()]
    np.testing.assert_array_equal(looked_up(sample, "cifar10/parameters", rows_of(expected)), published)


def test_what_is_not_in_the_file_is_nan_and_said_to_be(sample, expected):
    others = np.setdiff1d(np.arange(423_624), rows_of(expected))
    assert all(np.isnan(column.values[others]).all() for column in sample.columns.values())
    assert any("300 of the 423,624" in note for note in sample.notes)
    assert sample.provenance["records"] == "900"
    assert sample.provenance["source"] == "nasbench_only108_300.tfrecord"


def test_has_three_repeats_halfway_and_final_and_nothing_else(sample):
    quantities = ("train", "valid", "test", "train-seconds")
    lengths = ("54of108", "108")
    names = {f"cifar10/{q}/{length}@{r}" for q in quantities for length in lengths for r in range(3)}
    assert sample.columns.keys() == names | {"cifar10/parameters"}


# ---------------------------------------------------------------- synthetic files


def cell_of(matrix, names, parameters=8_555_530, test_correct=27_574):
    module_hash = get_space("nb101").module_hash((matrix, names))
    adjacency = "".join(str(bit) for row in matrix for bit in row)
    return synthetic.PublishedCell(module_hash, adjacency, ",".join(names), parameters, test_correct)


CELL = cell_of(MATRIX, NAMES)
OTHER = cell_of([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["input", "conv1x1-bn-relu", "output"])
SMALLEST = cell_of([[0, 1], [0, 0]], ["input", "output"])


def test_reads_all_budgets_of_the_full_file(tmp_path):
    path = tmp_path / "some.tfrecord"
    synthetic.write(path, [CELL, OTHER, SMALLEST], epochs=(4, 12, 36, 108))
    contents = read(path)
    lengths = {name.split("/")[2].split("@")[0] for name in contents.columns if name.count("/") == 2}
    assert lengths == {"4", "12", "36", "108", "2of4", "6of12", "18of36", "54of108"}
    row = get_space("nb101").identify(get_space("nb101").encode((MATRIX, NAMES))[None])
    mean = np.mean([looked_up(contents, f"cifar10/test/36@{repeat}", row) for repeat in range(3)])
    assert mean == pytest.approx(100 * CELL.test_correct / 29_952)
    assert looked_up(contents, "cifar10/train-seconds/18of36@1", row) == pytest.approx((CELL.parameters / 9e3 + 1) / 2)


def test_the_order_of_records_in_the_file_does_not_matter(tmp_path):
    cells = [CELL, OTHER, SMALLEST]
    forward, shuffled = tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"
    synthetic.write(forward, cells)
    with shuffled.open("wb") as file:
        for repeat in range(3):
            for cell in reversed(cells):
                file.write(frame(synthetic.training(cell, 108, repeat)))
    first, second = read(forward), read(shuffled)
    assert first.columns.keys() == second.columns.keys()
    for name, column in first.columns.items():
        np.testing.assert_array_equal(column.values, second.columns[name].values)


def test_the_synthetic_file_of_all_cells_has_the_size_of_the_official_one(published):
    table = pq.read_table(published("nb101_108.parquet"), columns=["vertices", "operations", "parameters"])
    vertices, operations, parameters = (table[name].to_numpy() for name in table.column_names)
    parameter_bytes = 3 + (parameters >= 2**21)
    kinds, counts = np.unique(np.stack([vertices, operations, parameter_bytes]), axis=1, return_counts=True)
    cells = [
        synthetic.PublishedCell("0" * 32, "0" * n**2, synthetic.operation_names(n, code), 2 ** (7 * size - 1), 0)
        for n, code, size in kinds.T.tolist()
    ]

    def size_of_file(epochs):
        return sum(
            3 * count * len(frame(synthetic.training(cell, length, 0)))
            for cell, count in zip(cells, counts.tolist(), strict=True)
            for length in epochs
        )

    assert size_of_file([108]) == 522_767_376
    assert size_of_file([4, 12, 36, 108]) == 2_085_986_016


def write_records(path, *payloads):
    path.write_bytes(b"".join(map(frame, payloads)))
    return path


def message(parameters=CELL.parameters, train=0.9, valid=0.9, test=0.9, seconds=100.0, evaluations=3, total=140.0):
    ends = [synthetic.evaluation(54.0 * part, seconds, train, valid, test) for part in range(evaluations)]
    return synthetic.metrics(ends, parameters, total)


def payload(**changes):
    arguments = {
        "module_hash": CELL.module_hash,
        "epochs": 108,
        "adjacency": CELL.adjacency,
        "operations": CELL.operations,
        "message": message(),
    }
    return synthetic.payload(**(arguments | changes))


GOOD = [synthetic.training(CELL, 108, repeat) for repeat in range(3)]
NINE_EDGES_AND_ONE = "".join(
    str(int(row < column and (row, column) not in {(0, 4), (1, 4), (0, 3), (0, 2), (1, 3)}))
    for row in range(6)
    for column in range(6)
)


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (b"\xff\xfe", "codec can't decode"),
        (b"[1, 2", "delimiter"),
        (b'{"a": 1}', "JSON list"),
        (b'["a", 108, "b", "c"]', "JSON list"),
        (b'["a", 108, 1, "c", "d"]', "to be strings"),
        (json.dumps([CELL.module_hash, 108, CELL.adjacency, CELL.operations, "a+"]).encode(), "padding"),
        (json.dumps([CELL.module_hash, 108, CELL.adjacency, CELL.operations, "a*b="]).encode(), "base64"),
        (payload(message=b"\x0a\xff"), "protobuf"),
        (payload(message=message() + b"\x38\x01"), "does not have"),
        (payload(message=message() + b"\x10\x05"), "one field twice"),
        (payload(message=message(evaluations=2)), "three evaluations"),
        (payload(message=message(test=1.5)), "accuracies from 0 to 1"),
        (payload(message=message(valid=-0.1)), "accuracies from 0 to 1"),
        (payload(message=message(train=float("nan"))), "accuracies from 0 to 1"),
        (payload(message=message(seconds=-1.0)), "training times"),
        (payload(message=message(seconds=float("inf"))), "training times"),
        (payload(message=message(parameters=7)), "parameters differ"),
        (payload(module_hash="0" * 32, message=message(parameters=0)), "positive number of trainable"),
        (payload(module_hash="0" * 31), "32 hexadecimal digits"),
        (payload(module_hash="G" * 32), "32 hexadecimal digits"),
        (payload(epochs=107), "one of (4, 12, 36, 108) epochs"),
        (payload(epochs=108.0), "one of (4, 12, 36, 108) epochs"),
        (payload(epochs=True), "one of (4, 12, 36, 108) epochs"),
        (payload(module_hash="0" * 32, adjacency="0" * 64), "2 to 7 vertices"),
        (payload(module_hash="0" * 32, adjacency="011"), "square matrix"),
        (payload(module_hash="0" * 32, adjacency="0120000110000000"), "0s and 1s"),
        (payload(module_hash="0" * 32, adjacency="0110000110000000"), "above the diagonal"),
        (payload(module_hash="0" * 32, adjacency=NINE_EDGES_AND_ONE), "at most 9 edges"),
        (payload(module_hash="0" * 32, operations="input,conv5x5,maxpool3x3,output"), "conv5x5"),
        (payload(module_hash="0" * 32, operations="conv3x3-bn-relu,output"), "expected input"),
        (payload(module_hash="0" * 32, operations="input,output"), "2 operations"),
        (payload(adjacency=OTHER.adjacency), "differ from an earlier record"),
        (synthetic.training(CELL, 108, 3), "got another of hash"),
    ],
)
def test_a_record_that_is_not_of_the_benchmark_is_named(tmp_path, record, complaint):
    path = write_records(tmp_path / "bad.tfrecord", *GOOD, record)
    offset = sum(len(frame(good)) for good in GOOD)
    with pytest.raises(CorruptFileError) as caught:
        read(path)
    text = str(caught.value)
    assert complaint in text
    assert f"record 4 at byte {offset}" in text
    assert str(path) in text
    assert "python -m nasbench_ga.tables fetch nb101" in text


def test_a_ten_edge_cell_has_ten_edges():
    assert NINE_EDGES_AND_ONE.count("1") == 10


def renamed(cell, module_hash):
    return synthetic.PublishedCell(module_hash, cell.adjacency, cell.operations, cell.parameters, cell.test_correct)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([renamed(CELL, OTHER.module_hash)], "filed under"),
        ([renamed(CELL, OTHER.module_hash), renamed(OTHER, CELL.module_hash)], "ascending order"),
        ([CELL, renamed(CELL, "f" * 32)], "one and the same cell"),
        ([renamed(CELL, "0" * 32), renamed(CELL, "f" * 32)], "one and the same cell"),
    ],
)
def test_a_hash_that_belongs_to_another_cell_is_found(tmp_path, cells, complaint):
    synthetic.write(tmp_path / "swapped.tfrecord", cells)
    with pytest.raises(CorruptFileError, match=complaint):
        read(tmp_path / "swapped.tfrecord")


def test_a_cell_without_a_path_is_no_cell(tmp_path):
    cell = synthetic.PublishedCell("0" * 32, "0" * 16, CELL.operations, 1000, 20_000)
    synthetic.write(tmp_path / "unconnected.tfrecord", [cell])
    with pytest.raises(CorruptFileError, match="no nb101 cell"):
        read(tmp_path / "unconnected.tfrecord")


def test_an_official_name_promises_all_cells(tmp_path):
    path = tmp_path / "nasbench_only108.tfrecord"
    synthetic.write(path, [CELL, OTHER])
    with pytest.raises(CorruptFileError, match="expected 423,624 cells"):
        read(path)


def test_an_empty_file_is_an_error(tmp_path):
    (tmp_path / "empty.tfrecord").touch()
    with pytest.raises(CorruptFileError, match="got 0"):
        read(tmp_path / "empty.tfrecord")


def test_base64_may_be_in_one_line_or_in_several():
    record = json.loads(GOOD[0])
    assert "\n" in record[4]
    one_line = [*record[:4], base64.b64encode(base64.b64decode(record[4])).decode()]
    assert nasbench101._decode(json.dumps(one_line).encode()) == nasbench101._decode(GOOD[0])


# ---------------------------------------------------------------- damage


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfrecord")
    synthetic.write(folder / "intact.tfrecord", [CELL, OTHER])
    return folder, (folder / "intact.tfrecord").read_bytes()


once_a_module = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@once_a_module
@given(st.data())
def test_any_flipped_bit_is_found(intact, data):
    folder, content = intact
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    (folder / "damaged.tfrecord").write_bytes(damaged)
    with pytest.raises(CorruptFileError, match=r"record \d+ at byte \d+"):
        read(folder / "damaged.tfrecord")


@once_a_module
@given(st.data())
def test_any_truncation_of_an_official_file_is_found(intact, data):
    folder, content = intact
    (folder / "nasbench_full.tfrecord").write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CorruptFileError, match=r"cut off.*fetch nb101-full"):
        read(folder / "nasbench_full.tfrecord")


@once_a_module
@given(st.data())
def test_a_truncation_within_a_cell_is_found_under_any_name(intact, data):
    folder, content = intact
    cells_end = sum(len(frame(synthetic.training(CELL, 108, repeat))) for repeat in range(3))
    kept = data.draw(st.integers(0, len(content) - 1).filter(lambda size: size != cells_end))
    (folder / "short.tfrecord").write_bytes(content[:kept])
    with pytest.raises(CorruptFileError):
        read(folder / "short.tfrecord")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("noise") / "noise.tfrecord"
    path.write_bytes(content)
    with pytest.raises(CorruptFileError):
        read(path)


def test_a_length_beyond_the_file_is_not_allocated(tmp_path):
    length = struct.pack("<Q", 2**62)
    path = tmp_path / "long.tfrecord"
    path.write_bytes(length + struct.pack("<I", masked_crc32c(length)) + b"x" * 100)
    with pytest.raises(CorruptFileError, match="cut off"):
        list(read_records(path, "Mend it."))


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_what_is_framed_is_read_back(tmp_path_factory, payloads):
    path = write_records(tmp_path_factory.mktemp("frames") / "any", *payloads)
    records = list(read_records(path, "Mend it."))
    assert [content for _, _, content in records] == payloads
    assert [number for number, _, _ in records] == list(range(1, len(payloads) + 1))
    assert begins_with_record(path.read_bytes()[:12]) == bool(payloads)


def test_the_checksum_is_the_published_one():
    assert masked_crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_progress_goes_to_stderr_only(tmp_path, capsys):
    synthetic.write(tmp_path / "a.tfrecord", [CELL])
    read(tmp_path / "a.tfrecord", progress=True)
    assert capsys.readouterr().out == ""
