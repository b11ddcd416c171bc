"""What a set of runs says is what its record holds, worked out by pandas."""

import numpy as np
import pandas as pd
import pytest

import nasbench_ga as ng
from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.run_sets import FITNESS, RunSet
from tests.support.run_records import TEST


def frame(own: RunSet) -> pd.DataFrame:
    return pd.read_parquet(own.record.folder / "evaluations.parquet")


def chosen(own: RunSet, steps: int) -> pd.DataFrame:
    """The best of each run among its first evaluations."""
    seen = frame(own)
    seen = seen[seen["step"] < steps]
    return seen.loc[seen.groupby("repeat")["value"].idxmax()]


@pytest.mark.parametrize("name", ["random", "genetic", "parameters", "surrogate"])
@pytest.mark.parametrize("metric", [TEST, FITNESS])
@pytest.mark.parametrize("cost", [1, 7, 50, 100])
def test_a_sample_is_of_the_best_cell_known(record, name: str, metric: str, cost: int) -> None:
    own = RunSet.read(record(name))
    column = "value" if metric == FITNESS else metric
    np.testing.assert_array_equal(own.sample(metric, cost).values, chosen(own, cost)[column])


@pytest.mark.parametrize("name", ["random", "parameters", "surrogate"])
def test_without_a_cost_it_is_of_the_end_as_the_summary_has_it(record, name: str) -> None:
    own = RunSet.read(record(name))
    summary = pd.read_json(own.record.folder / "summary.json")
    np.testing.assert_array_equal(own.sample(FITNESS).values, summary["best_value"])
    reported = own.test_metric
    np.testing.assert_allclose(own.sample(reported).values, summary[reported])


def test_a_run_that_ended_by_itself_counts_with_what_it_had_found(record) -> None:
    own = RunSet.read(record("genetic"))
    own.record.config["budget"]["evaluations"] = 400
    np.testing.assert_array_equal(own.sample(TEST, 350).values, own.sample(TEST).values)
    assert own.ended_before(350, "evaluations") == 6
    with pytest.raises(NasbenchError, match="could spend 401 evaluations"):
        own.sample(TEST, 401)


@pytest.mark.parametrize("metric", [TEST, FITNESS])
def test_curves_and_trajectories_are_of_the_best_cell_known(record, metric: str) -> None:
    own = RunSet.read(record("parameters"))
    column = "value" if metric == FITNESS else metric
    curves = own.curves(metric)
    runs = own.trajectories(metric)
    for place, cost in enumerate(curves.cost):
        known = chosen(own, int(cost))[column]
        np.testing.assert_array_equal(curves.value[:, place], known)
        np.testing.assert_array_equal([run.at(cost) for run in runs], known)


def test_another_number_of_the_best_cells_may_fall(record) -> None:
    runs = RunSet.read(record("parameters")).trajectories(TEST)
    assert any((np.diff(run.value) < 0).any() for run in runs)
    run = runs[0]
    target = float(np.median(run.value))
    assert run.cost_of(target) == run.cost[run.value >= target].min()


def test_the_optimum_is_the_tables(record) -> None:
    own = RunSet.read(record("genetic"))
    table = ng.open_table("analog-nas")
    metric = own.test_metric
    assert own.optimum(metric) == pytest.approx(table.best(metric)[1])
    assert own.optimum(FITNESS) == own.optimum(own.fitness_metric)
    assert own.optimum("cifar10/test/analog-drift-60s") is None
    assert RunSet.read(record("parameters")).optimum(FITNESS) is None


def test_generations_are_of_all_runs_together(record) -> None:
    own = RunSet.read(record("genetic"))
    found = own.generations(TEST)
    rows = frame(own)
    for number, part in rows.groupby("generation"):
        assert found.median[number] == pytest.approx(part[TEST].median())
        assert found.high[number] == pytest.approx(part[TEST].quantile(0.9))


def test_names(record) -> None:
    folder = record("genetic")
    assert RunSet.read(folder).name == "genetic"
    assert RunSet.read(folder, "GA").sample(TEST).name == "GA"
    assert len(RunSet.read(folder)) == 6
    assert RunSet.read(folder).budget_in_words == "300 evaluations"


def test_what_cannot_be_said_is_one_sentence(record) -> None:
    own = RunSet.read(record("genetic"))
    with pytest.raises(UnknownNameError, match=r"There is no metric 'cifar10/test/analogue'.*did you mean"):
        own.sample("cifar10/test/analogue")
    with pytest.raises(NasbenchError, match="runs of genetic that could spend 301 evaluations, but they ended before"):
        own.sample(TEST, 301)
    with pytest.raises(NasbenchError, match="seconds of every evaluation"):
        own.curves(TEST, "seconds")
    with pytest.raises(NasbenchError, match="at least two runs of single, got 1"):
        RunSet.read(record("single")).sample(TEST)
    with pytest.raises(NasbenchError, match="of nowhere that know a cell with a finite fitness at their end, but 6"):
        RunSet.read(record("nowhere")).sample(FITNESS)
