"""What a person reads: curves, summary, table and picture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_ga import report, summary
from nasbench_ga.fitness import Evaluation, TableAccuracy, as_fitness
from nasbench_ga.rows import Rows
from nasbench_ga.spaces import get_space
from nasbench_ga.tables import choose_objective, open_table

SPACE = get_space("nats-sss")
NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.just(np.nan), st.just(-np.inf))


def rows_of(values: list[list[float]]) -> Rows:
    lengths = [len(own) for own in values]
    total = sum(lengths)
    ids = np.arange(total) % SPACE.size
    return Rows(
        repeat=np.repeat(np.arange(len(values), dtype=np.int32), lengths),
        step=np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        generation=np.zeros(total, np.int32),
        id=ids,
        genotype=SPACE.enumerate()[ids],
        value=np.concatenate([np.array(own, float) for own in values]),
        seconds=np.ones(total),
    )


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=20), min_size=1, max_size=4))
def test_the_summary_is_of_the_first_best_evaluation(values: list[list[float]]) -> None:
    for own, row in zip(values, summary.summarise(rows_of(values), SPACE, None, None), strict=True):
        finite = [value for value in own if np.isfinite(value)]
        assert row["best_value"] == (max(finite) if finite else None)
        assert row["best_step"] == (own.index(max(finite)) if finite else None)
        assert row["evaluations"] == row["seconds"] == len(own)


def test_picture_and_table_when_nothing_has_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of([[np.nan, np.nan], [-np.inf]])
    summed = summary.summarise(rows, SPACE, None, None)
    fitness = as_fitness(lambda genotypes: Evaluation(genotypes[:, 0], genotypes[:, 0]))
    told = report.Report("mine", fitness, SPACE, None, None, tmp_path, (), "none", summed, [], [0.1, 0.2], rows)
    report.draw(told, tmp_path / "picture.png")
    report.show(told)
    assert (tmp_path / "picture.png").stat().st_size > 1000
    output = capsys.readouterr().out
    assert "–" in output
    assert "No evaluated cell has a number, so there is no best one." in output
    assert "Nothing is said of accuracy, for there is no table of it here: none" in output
    assert told.best_cell is None


def test_regret_in_the_table_belongs_to_the_value_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = open_table("analog-nas")
    space = get_space("nats-tss")
    metric = "cifar10/test/baseline"
    chosen = np.array([table.best(metric)[0], 5, 6])
    rows = Rows(
        repeat=np.arange(3, dtype=np.int32),
        step=np.zeros(3, np.int32),
        generation=np.zeros(3, np.int32),
        id=chosen,
        genotype=space.enumerate()[chosen],
        value=table.lookup(chosen, metric),
        seconds=np.full(3, np.nan),
    )
    metrics = choose_objective(table)
    summed = summary.summarise(rows, space, table, metrics)
    assert [row[f"regret {metric}"] for row in summed] == pytest.approx(table.best(metric)[1] - rows.value)
    fitness = TableAccuracy(space, table, metric)
    seconds = [0.0] * 3
    told = report.Report("accuracy", fitness, space, table, metrics, tmp_path, (), "", summed, [], seconds, rows)
    report.show(told)
    output = capsys.readouterr().out
    for value in (*rows.value, rows.value.mean()):
        assert f"{value:.3f} ({table.best(metric)[1] - value:.3f})" in output
    assert f"{rows.value.std(ddof=1):.3f}" in output
