"""Scores are kept, whole and apart from those of another key, whoever else writes."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.fitness.score_store import ScoreStore, score_tables, write_table

KEY = {"score": "naswt", "benchmark": "nats-tss", "seed": 0}
NETWORKS = np.array([3, 1, 2])
SCORES = np.array([1.5, -np.inf, 0.1 + 0.2])
SECONDS = np.array([0.25, 0.5, 1.0])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_GA_DATA", "")


def filled(key: dict[str, object] = KEY) -> ScoreStore:
    store = ScoreStore(Path("store"), key)
    store.add(NETWORKS, SCORES, SECONDS)
    return store


def test_what_was_added_is_there_to_the_last_bit_also_later() -> None:
    for store in (filled(), ScoreStore(Path("store"), KEY)):
        assert store.missing(np.array([0, 1, 2, 3])).tolist() == [0]
        scores, seconds = store.get(NETWORKS)
        np.testing.assert_array_equal(scores, SCORES)
        np.testing.assert_array_equal(seconds, SECONDS)


def test_each_key_has_its_own_scores() -> None:
    filled()
    assert len(ScoreStore(Path("store"), {**KEY, "seed": 1}).missing(NETWORKS)) == 3
    assert not len(ScoreStore(Path("store"), dict(reversed(KEY.items()))).missing(NETWORKS))


def test_the_first_score_of_a_network_stays() -> None:
    filled()
    other = ScoreStore(Path("store"), KEY)
    other.add(np.array([1]), np.array([9.0]), np.array([9.0]))
    assert ScoreStore(Path("store"), KEY).get(np.array([1]))[0] == -np.inf


def test_nothing_is_written_where_nothing_is_added() -> None:
    ScoreStore(Path("store"), KEY)
    assert not Path("store").exists()


WRITER = """
import sys
from pathlib import Path
import numpy as np
from nasbench_ga.fitness.score_store import ScoreStore
first = int(sys.argv[1])
store = ScoreStore(Path("store"), {"score": "naswt", "benchmark": "nats-tss", "seed": 0})
for network in range(first, first + 120):
    store.add(np.array([network]), np.array([float(network)]), np.array([1.0]))
"""


def test_processes_may_write_at_once() -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, first]) for first in ("0", "60", "120")]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    scores, _ = ScoreStore(Path("store"), KEY).get(np.arange(240))
    np.testing.assert_array_equal(scores, np.arange(240.0))


@pytest.mark.parametrize("damage", ["cut", "overwritten", "nonsense"])
def test_a_damaged_store_is_named(damage: str) -> None:
    store = ScoreStore(Path("store"), KEY)
    store.add(np.arange(5000), np.ones(5000), np.ones(5000))
    content = bytearray(store.path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "overwritten":
        content[4096:-4096] = os.urandom(len(content) - 8192)
    else:
        content = bytearray(b"nonsense" * 1000)
    store.path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"store/nats-tss-\w+\.sqlite is damaged .* delete it"):
        ScoreStore(Path("store"), KEY)


@pytest.mark.parametrize("state", ["empty", "half made"])
def test_a_store_that_was_never_finished_is_empty(state: str) -> None:
    """What a kill between the making of the file and the first score leaves behind."""
    path = ScoreStore(Path("store"), KEY).path
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        if state == "half made":
            connection.execute("CREATE TABLE about (key TEXT PRIMARY KEY)")
    assert ScoreStore(Path("store"), KEY).missing(NETWORKS).tolist() == [1, 2, 3]
    filled()
    assert not len(ScoreStore(Path("store"), KEY).missing(NETWORKS))


def test_a_store_under_the_name_of_another_is_refused() -> None:
    path = ScoreStore(Path("store"), {**KEY, "seed": 1}).path
    filled().path.rename(path)
    with pytest.raises(CorruptFileError, match="does not hold the scores that its name promises"):
        ScoreStore(Path("store"), {**KEY, "seed": 1})


def test_what_another_process_adds_is_seen_and_stays() -> None:
    mine, other = ScoreStore(Path("store"), KEY), ScoreStore(Path("store"), KEY)
    other.add(NETWORKS, SCORES, SECONDS)
    assert mine.missing(np.array([1, 9, 9, 3])).tolist() == [9]
    mine.add(np.array([3, 9]), np.array([7.0, 8.0]), np.array([1.0, 1.0]))
    np.testing.assert_array_equal(mine.get(np.array([3, 9]))[0], [1.5, 8.0])
    assert other.missing(np.array([9])).tolist() == []


def test_a_folder_that_cannot_be_made_is_named() -> None:
    Path("store").write_text("a file")
    with pytest.raises(NasbenchError, match=r"Cannot use the scores in store/.*--naswt\.store"):
        filled()


def table(name: str = "mine", networks: int = 3, **changes: object) -> Path:
    path = Path("data/naswt") / f"{name}.parquet"
    write_table(path, {**KEY, **changes}, {"network": [5, 6, 7], "score": SCORES, "seconds": SECONDS}, networks, {})
    return path


def test_a_finished_table_counts_before_the_store() -> None:
    table()
    filled().add(np.array([5]), np.array([99.0]), np.array([1.0]))
    store = ScoreStore(Path("store"), KEY, list(score_tables()))
    np.testing.assert_array_equal(store.get(np.array([5, 6, 7, 1]))[0], [*SCORES, -np.inf])
    store.add(np.array([5]), np.array([98.0]), np.array([1.0]))
    assert store.get(np.array([5]))[0] == SCORES[0]
    other = ScoreStore(Path("store"), {**KEY, "seed": 1}, list(score_tables()))
    assert other.missing(np.array([5])).tolist() == [5]


def test_the_first_of_two_tables_counts() -> None:
    path = table()
    path.rename(path.with_name("b.parquet"))
    write_table(path.with_name("a.parquet"), KEY, {"network": [5], "score": [3.0], "seconds": [1.0]}, 3, {})
    assert ScoreStore(Path("store"), KEY, list(score_tables())).get(np.array([5]))[0] == 3


def test_tables_of_one_key_complete_each_other() -> None:
    table()
    more = Path("data/naswt/more.parquet")
    write_table(more, KEY, {"network": [7, 8], "score": [-1.0, 4.0], "seconds": [1.0, 1.0]}, 9, {}, of_searches=True)
    assert {found.path.stem: found.of_searches for found in score_tables()} == {"mine": False, "more": True}
    store = ScoreStore(Path("store"), KEY, list(score_tables()))
    np.testing.assert_array_equal(store.get(np.array([5, 6, 7, 8]))[0], [*SCORES, 4.0])
    store.add(np.array([8, 9]), np.array([98.0, 5.0]), np.array([1.0, 1.0]))
    assert store.added.tolist() == [9]


def test_a_table_says_whether_it_holds_every_network() -> None:
    table("all", 3)
    table("some", 4)
    assert {found.path.stem: found.complete for found in score_tables()} == {"all": True, "some": False}


def test_what_is_told_of_a_table_is_in_its_file() -> None:
    described = json.loads(pq.read_schema(table()).metadata[b"nasbench_ga.scores"])
    assert described == {"key": KEY, "complete": True, "about": {}, "of_searches": False}


@pytest.mark.parametrize("content", [b"PAR1 nonsense", b""])
def test_a_damaged_table_is_named(content: bytes) -> None:
    table().write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"data/naswt/mine\.parquet is damaged, or no table of scores"):
        list(score_tables())


def test_another_parquet_file_is_no_table_of_scores() -> None:
    path = Path("data/naswt/other.parquet")
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"network": [1]}), path)
    with pytest.raises(CorruptFileError, match="no table of scores"):
        list(score_tables())


def test_columns_that_are_cut_are_named() -> None:
    path = table()
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"mine\.parquet is damaged"):
        ScoreStore(Path("store"), KEY, list(score_tables()))
