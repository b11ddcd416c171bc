"""Finished records are read whole or refused, with the file and the row that is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nasbench_ga as ng
from nasbench_ga.errors import CorruptFileError, RecordError
from nasbench_ga.records import CONFIG, CYCLES, EVALUATIONS, SUMMARY, read_evaluations, read_record
from nasbench_ga.run import run
from nasbench_ga.run_config import RunConfig

SMALL = RunConfig(space="nats-tss", table="analog-nas", repeats=3, evaluations=350)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_record_holds_what_the_study_found() -> None:
    result = run(SMALL)
    record = read_record(result.folder)
    frame = pd.read_parquet(result.folder / EVALUATIONS)
    assert record.repeats == 3
    assert record.config == json.loads((result.folder / CONFIG).read_text())
    for name in ("repeat", "step", "generation", "id", "value"):
        np.testing.assert_array_equal(getattr(record.rows, name), frame[name])
    np.testing.assert_array_equal(record.rows.genotype, np.stack(frame["genotype"].to_list()))
    assert set(record.metrics) == set(ng.open_table("analog-nas").metrics)
    for name, values in record.metrics.items():
        np.testing.assert_array_equal(values, frame[name])
    assert record.summary == json.loads((result.folder / SUMMARY).read_text())


def test_extra_columns_are_extras_and_no_metrics() -> None:
    surrogate = replace(SMALL, algorithm="nas-ea-fa", evaluations=60, repeats=2)
    record = read_record(run(surrogate).folder)
    assert set(record.rows.extras) == {"predicted"}
    assert not any(name in record.metrics for name in ("predicted", "value"))


def _set(column: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_numpy().copy()
        values[row] = value
        place = table.schema.get_field_index(column)
        return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("repeat", 400, 7), r"row 400 \(from 0\): the repeat is 7, after repeat 1"),
        (_set("step", 349, 17), r"row 349 \(from 0\): the step is 17, where step 349 is expected"),
        (_set("generation", 340, 0), r"row 340 \(from 0\): the generation is 0, lower than before"),
        (_set("id", 1000, -5), r"row 1,000 \(from 0\): the cell has the number -5"),
        (_set("value", 3, np.inf), r"row 3 \(from 0\): the fitness is inf"),
        (_set("seconds", 3, -1.0), r"row 3 \(from 0\): the seconds are -1\.0"),
        (_set("cifar10/test/analog", 9, np.inf), r"row 9 \(from 0\): cifar10/test/analog is inf"),
        (
            _set("value", 3, 99.9),
            r"summary\.json, repeat 0: it does not say 350 evaluations and a best fitness of 99\.9",
        ),
        (lambda table: table.slice(1), r"row 0 \(from 0\): the step is 1"),
        (lambda table: table.slice(0, 700), "which has 3 repeats; the evaluations have 2, the configuration 3"),
        (lambda table: table.slice(0, 0), "row 0: there is none"),
        (lambda table: table.drop_columns(["id"]), "has no column id"),
    ],
)
def test_a_row_that_no_run_can_have_written_is_named(change: Callable[[pa.Table], pa.Table], said: str) -> None:
    folder = run(replace(SMALL, results=Path("mine"))).folder
    pq.write_table(change(pq.read_table(folder / EVALUATIONS)), folder / EVALUATIONS)
    with pytest.raises(CorruptFileError, match=rf"mine/.*{said}"):
        read_record(folder)


def test_damaged_bytes_are_named_by_their_rows() -> None:
    folder = run(replace(SMALL, results=Path("mine"))).folder
    path = folder / EVALUATIONS
    metadata = pq.ParquetFile(path).metadata.row_group(0)
    chunk = next(
        metadata.column(n) for n in range(metadata.num_columns) if metadata.column(n).path_in_schema == "value"
    )
    content = bytearray(path.read_bytes())
    starts = chunk.dictionary_page_offset or chunk.data_page_offset
    content[starts + chunk.total_compressed_size // 2] ^= 0x10
    path.write_bytes(content)
    for read in (read_record, read_evaluations):
        with pytest.raises(
            CorruptFileError, match=r"mine/evaluations\.parquet is damaged in column value, rows 0 to 1,049"
        ):
            read(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_flipped_bit_is_refused_or_changes_nothing(data: st.DataObject) -> None:
    folder = Path("once")
    if not folder.exists():
        run(replace(SMALL, results=folder))
        Path("whole").write_bytes((folder / EVALUATIONS).read_bytes())
    whole = Path("whole").read_bytes()
    content = bytearray(whole)
    content[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / EVALUATIONS).write_bytes(whole)
    before = read_record(folder)
    (folder / EVALUATIONS).write_bytes(content)
    try:
        record = read_record(folder)
    except CorruptFileError:
        return
    for name in ("repeat", "step", "id", "value"):
        np.testing.assert_array_equal(getattr(record.rows, name), getattr(before.rows, name))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (SUMMARY, "[1, 2]", "no list of repeats"),
        (SUMMARY, "{", "not valid JSON"),
        (CONFIG, "[]", "no configuration of a run"),
        (CONFIG, "{}", "no configuration of a run: space is None"),
        (CONFIG, {"repeats": "3"}, "no configuration of a run: repeats is '3'"),
        (CONFIG, {"budget": None}, "no configuration of a run: budget is None"),
        (CONFIG, {"table": {}}, "no configuration of a run: table has no name"),
        (CONFIG, {"objective": "x"}, "no configuration of a run: objective is 'x'"),
        (CYCLES, "[1]", "is damaged"),
    ],
)
def test_other_damaged_files_are_named(name: str, content: str | dict[str, Any], said: str) -> None:
    folder = run(replace(SMALL, results=Path("mine"))).folder
    if isinstance(content, dict):
        content = json.dumps(json.loads((folder / name).read_text()) | content)
    (folder / name).write_text(content)
    with pytest.raises(CorruptFileError, match=rf"mine/{name}.*{said}"):
        read_record(folder)


def test_a_summary_of_words_is_named() -> None:
    folder = run(replace(SMALL, results=Path("mine"))).folder
    summary = json.loads((folder / SUMMARY).read_text())
    summary[1]["regret cifar10/test/baseline"] = "little"
    (folder / SUMMARY).write_text(json.dumps(summary))
    with pytest.raises(CorruptFileError, match=r"repeat 1: regret cifar10/test/baseline is 'little'"):
        read_record(folder)


def test_what_is_no_finished_record_is_one_sentence() -> None:
    with pytest.raises(RecordError, match="nowhere is no folder"):
        read_record(Path("nowhere"))
    Path("empty").mkdir()
    with pytest.raises(RecordError, match=r"empty holds no finished record \(config\.json is missing\)"):
        read_record(Path("empty"))
    folder = run(replace(SMALL, results=Path("mine"))).folder
    (folder / "progress").mkdir()
    (folder / "progress" / "state.pickle").write_bytes(b"")
    with pytest.raises(RecordError, match="mine holds an unfinished run; finish it first, with --resume"):
        read_record(folder)
