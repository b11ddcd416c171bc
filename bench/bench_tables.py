"""How fast tables open, answer and convert, and how much memory that takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import fresh_process, plain_records
from nasbench_ga import open_table
from nasbench_ga.spaces import Space
from nasbench_ga.tables import Table

FIRST = "first answer of nb101 in a fresh process"
LOOKUP = "look nb101 ids up"
CONVERT = "convert the official NAS-Bench-101 file"
METRIC = "cifar10/test/108"
IDS, PLAIN_IDS = 10_000_000, 1_000_000
RECORDS, PLAIN_RECORDS = 3 * 423_624, 100_000
BEST_HASH = "02e5a0247bbdcf2860b7e96f74961594"

FIRST_ANSWER = """
start = clock()
import nasbench_ga as ng
imported = clock()
space = ng.get_space("nb101")
table = ng.open_table("nb101", arguments[0])
told["answer"] = float(table.lookup(space.identify([list(map(int, arguments[1]))]), "cifar10/test/108")[0])
told["seconds"] = clock() - imported
told["import"] = imported - start
"""

PLAIN_FIRST_ANSWER = """
start = clock()
import pandas as pd
imported = clock()
cells = pd.read_parquet(arguments[0], columns=["hash", "test_correct"])
accuracies = dict(zip(cells["hash"], cells["test_correct"] / 299.52))
told["answer"] = float(accuracies[bytes.fromhex(arguments[1])])
told["seconds"] = clock() - imported
told["import"] = imported - start
"""

CONVERSION = """
start = clock()
from nasbench_ga.tables import convert
target = convert("nb101", arguments[0])
told["seconds"] = clock() - start
told["target"] = str(target.resolve())
"""

reported = fresh_process.ReportedClock()
reports_its_own_time = pytest.mark.benchmark(timer=reported)


def measure(benchmark, rounds: int, code: str, *arguments: object, folder: Path) -> list[dict[str, Any]]:
    """What each of so many fresh processes told."""
    children: list[dict[str, Any]] = []

    def run() -> None:
        children.append(fresh_process.run(code, *arguments, folder=folder))
        reported.now += children[-1]["seconds"]

    benchmark.pedantic(run, rounds=rounds, warmup_rounds=int(rounds > 1))
    return children[-rounds:]


def first_answer(benchmark, code: str, *arguments: object, folder: Path, best: float, imported: str) -> None:
    """Measures one way to the best cell's accuracy, and says what importing and memory took."""
    benchmark.group = FIRST
    children = measure(benchmark, 9, code, *arguments, folder=folder)
    assert all(child["answer"] == pytest.approx(best, rel=1e-12) for child in children)
    importing = np.median([child["import"] for child in children])
    peak = fresh_process.megabytes(max(child["peak"] for child in children))
    benchmark.extra_info["notes"] = [f"after {importing * 1e3:.3g} ms of `import {imported}`", f"peak memory {peak}"]


@pytest.fixture
def best_genes(nb101: Space, table: Table) -> str:
    """The best cell's genes as digits."""
    return "".join(map(str, nb101.enumerate()[table.best(METRIC)[0]]))


@reports_its_own_time
def test_first_answer(benchmark, table: Table, best_genes: str, tmp_path: Path):
    """Opens, identifies and looks up, from when the package is imported."""
    best = table.best(METRIC)[1]
    first_answer(benchmark, FIRST_ANSWER, table.path, best_genes, folder=tmp_path, best=best, imported="nasbench_ga")
    benchmark.extra_info["notes"] += ["goals 50 ms, 150 MB"]


@reports_its_own_time
def test_first_answer_plain_pandas(benchmark, table: Table, means: Path, tmp_path: Path):
    """Reads the parquet file into a dict by hash and is given the hash."""
    benchmark.extra_info["baseline"] = True
    best = table.best(METRIC)[1]
    first_answer(benchmark, PLAIN_FIRST_ANSWER, means, BEST_HASH, folder=tmp_path, best=best, imported="pandas")


def test_lookup(benchmark, table: Table, rng: np.random.Generator):
    benchmark.group = LOOKUP
    benchmark.extra_info.update(items=IDS, notes=["goal 10,000,000 a second"])
    ids = rng.integers(len(table), size=IDS)
    found = benchmark.pedantic(table.lookup, (ids, METRIC), rounds=7, warmup_rounds=1)
    np.testing.assert_array_equal(found[::1000], table.values(METRIC)[ids[::1000]])


def test_lookup_plain_dict(benchmark, table: Table, rng: np.random.Generator):
    benchmark.group = LOOKUP
    benchmark.extra_info.update(items=PLAIN_IDS, baseline=True)
    accuracies = dict(enumerate(table.values(METRIC).tolist()))
    ids = rng.integers(len(table), size=PLAIN_IDS).tolist()
    found = benchmark.pedantic(lambda: list(map(accuracies.__getitem__, ids)), rounds=5, warmup_rounds=1)
    np.testing.assert_array_equal(found, table.lookup(ids, METRIC))


@reports_its_own_time
def test_convert(benchmark, full_size_file: Path, table: Table, tmp_path: Path):
    """A made-up file of all cells, 108 epochs, three repeats, as big as the official one; in a fresh process."""
    benchmark.group = CONVERT
    (child,) = measure(benchmark, 1, CONVERSION, full_size_file, folder=tmp_path)
    converted = open_table("nb101", child["target"])
    np.testing.assert_allclose(converted.values(METRIC), table.values(METRIC), rtol=1e-12)
    notes = [f"peak memory {fresh_process.megabytes(child['peak'])}", "goals 60 s, 500 MB"]
    notes.append(f"{fresh_process.megabytes(full_size_file.stat().st_size)} of records")
    benchmark.extra_info.update(items=RECORDS, notes=notes)


def test_convert_plain_loop(benchmark, full_size_file: Path):
    """Records into dictionaries, as the official API has them; it verifies nothing and writes nothing."""
    benchmark.group = CONVERT
    note = f"the first {PLAIN_RECORDS:,} records into dictionaries, compared by record"
    benchmark.extra_info.update(items=PLAIN_RECORDS, notes=[note], baseline=True)
    fixed, computed = benchmark.pedantic(plain_records.read, (full_size_file, PLAIN_RECORDS), rounds=2)
    assert len(fixed) == len(computed) == -(-PLAIN_RECORDS // 3)
