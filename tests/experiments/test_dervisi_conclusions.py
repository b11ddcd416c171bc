"""Each conclusion holds where it must, and does not where it must not."""

import io

import numpy as np
import pandas as pd
import pytest

from experiments.dervisi_study import accelerator, arms, guidance
from experiments.dervisi_study.accelerator import speed_up, v2_by_accuracy_is_the_best_accelerator
from experiments.dervisi_study.arms import ARMS, V2_ACCURACY, with_defects
from experiments.dervisi_study.benchmarks import COLUMNS, benchmarks_page, runs_as_csv
from experiments.dervisi_study.defects import COLUMNS as DEFECT_COLUMNS
from experiments.dervisi_study.defects import MEASURES, effects_of_defects
from experiments.dervisi_study.distributions import come_from_different_distributions
from experiments.dervisi_study.evidence import Evidence
from experiments.dervisi_study.found import Spread
from experiments.dervisi_study.guidance import NASWT, Ranked, agreement, naswt_guides
from experiments.dervisi_study.narrowing import narrows_the_space, shrinks_more
from nasbench_ga.pages import Details, Notes, Table
from tests.experiments.conftest import HERE, made_up


def cycles(first: tuple[float, float], last: tuple[float, float], runs: int = 12) -> list[list[Spread]]:
    """Of each run a first and a last full cycle, and one cut short by the budget."""
    noise = np.random.default_rng(1).uniform(0.9, 1.1, (runs, 4))
    return [
        [
            Spread(50, 50, first[0] * a, first[1] * b, 0.0),
            Spread(50, 480, last[0] * c, last[1] * d, 0.5),
            Spread(20, 500, 100.0, 100.0, 0.5),
        ]
        for a, b, c, d in noise
    ]


def narrowing(first: tuple[float, float], last: tuple[float, float]) -> dict:
    v2 = made_up(V2_ACCURACY, [90.0] * 12, spreads=cycles(first, last))
    return {HERE: {V2_ACCURACY: v2, arms.GA_ACCURACY: made_up(arms.GA_ACCURACY, [90.0] * 12)}}


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [
        ((10, 8), (2, 4), "holds"),
        ((10, 8), (2, 8), "holds in part"),
        ((10, 8), (10, 8), "not shown"),
        ((2, 4), (10, 8), "does not hold"),
    ],
)
def test_narrowing_is_of_both_measures(first, last, verdict) -> None:
    conclusion = narrows_the_space(narrowing(first, last))
    assert conclusion.ruling.verdict == conclusion.ruling.verdicts[str(HERE)] == verdict
    assert verdict in conclusion.page.blocks[0].text


def test_two_runs_narrow_nothing() -> None:
    v2 = made_up(V2_ACCURACY, [90.0] * 2, spreads=cycles((10, 8), (2, 4), runs=2))
    assert narrows_the_space({HERE: {V2_ACCURACY: v2}}).ruling.verdict == "not shown"
    assert narrows_the_space({HERE: {}}).ruling.verdict == "not examined"


def test_what_had_nothing_to_shrink_is_told_and_breaks_nothing() -> None:
    found = narrowing((10, 8), (2, 4))
    ran = found[HERE]
    alike = [[Spread(1, 50, 0.0, 0.0, 0.0), Spread(50, 500, 1.0, 1.0, 0.0)]]
    ran[arms.GA_ACCURACY] = made_up(arms.GA_ACCURACY, [90.0] * 12, spreads=alike * 2 + cycles((1, 1), (1, 1), 10))
    (beside,) = (shrinks_more(ran[V2_ACCURACY], ran[arms.GA_ACCURACY], measure) for measure in ("range",))
    assert isinstance(beside, Evidence)
    assert beside.test.runs == (12, 10)
    assert "without 2 of 12 runs of GA" in beside.said
    ran[arms.GA_ACCURACY] = made_up(arms.GA_ACCURACY, [90.0] * 12, spreads=alike * 11 + cycles((1, 1), (1, 1), 1))
    notes = [line for block in narrows_the_space(found).page.blocks if isinstance(block, Notes) for line in block.lines]
    assert sum("nothing to shrink at first in 11 of 12 runs of GA" in line for line in notes) == 2
    ran[V2_ACCURACY] = made_up(V2_ACCURACY, [90.0] * 12, spreads=alike * 12)
    assert "– and –" in narrows_the_space(found).numbers


def ranked(tells_the_best: bool) -> Ranked:
    rng = np.random.default_rng(0)
    accuracy = np.sort(rng.uniform(50, 90, 500))
    blurred = accuracy + rng.normal(0, 3, 500)
    return Ranked({NASWT: accuracy if tells_the_best else np.minimum(blurred, 84)}, accuracy)


@pytest.fixture
def median_cell(published, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setenv("NASBENCH_GA_DATA", str(published("nats_tss.parquet").parent))
    return float(np.median(guidance.ng.open_table("nats-tss").values("cifar10/ori-test/200")))


@pytest.mark.parametrize(
    ("by_naswt", "by_accuracy", "tells_the_best", "verdict"),
    [
        (2, 6, False, "holds"),
        (-5, -5, True, "does not hold"),  # neither good cells, nor worse than by accuracy
        (2, 2, False, "holds in part"),
        (0, 0, True, "not shown"),
    ],
)
def test_guidance(median_cell, around, monkeypatch, by_naswt, by_accuracy, tells_the_best, verdict) -> None:
    monkeypatch.setattr(guidance, "ranked_cells", lambda _: ranked(tells_the_best))
    found = {
        HERE: {
            name: made_up(name, around(median_cell + shift, seed=seed))
            for name, shift, seed in (
                (arms.GA_NASWT, by_naswt, 3),
                (arms.V2_NASWT, by_naswt, 4),
                (arms.GA_ACCURACY, by_accuracy, 5),
                (arms.V2_ACCURACY, by_accuracy, 6),
            )
        }
    }
    conclusion = naswt_guides(found, resamples=60)
    assert conclusion.ruling.verdict == verdict


def test_a_perfect_guide_loses_nothing_among_the_best() -> None:
    own = ranked(tells_the_best=True)
    found = agreement(NASWT, own.guides[NASWT], own.accuracy, 20)
    assert (found.everywhere, found.best) == pytest.approx((1, 1))
    assert (found.cells, found.best_cells) == (500, 50)
    blurred = ranked(tells_the_best=False)
    lost = agreement(NASWT, blurred.guides[NASWT], blurred.accuracy, 20)
    assert lost.everywhere > 0.8 > 0.4 > lost.best


def test_distributions_differ_by_both_fitnesses_or_in_part(around) -> None:
    def found(v2: float, v2_naswt: float) -> dict:
        shifts = {arms.GA_ACCURACY: 90, arms.V2_ACCURACY: v2, arms.GA_NASWT: 80, arms.V2_NASWT: v2_naswt}
        return {HERE: {name: made_up(name, around(at, seed=n)) for n, (name, at) in enumerate(shifts.items())}}

    assert come_from_different_distributions(found(93, 83)).ruling.verdict == "holds"
    assert come_from_different_distributions(found(93, 80)).ruling.verdict == "holds in part"
    assert come_from_different_distributions(found(90, 80)).ruling.verdict == "not shown"
    only_by_accuracy = {HERE: {name: own for name, own in found(93, 83)[HERE].items() if "accuracy" in name}}
    assert come_from_different_distributions(only_by_accuracy).ruling.verdict == "holds in part"


def racing(v2_until: float, runs: int = 12) -> dict:
    """Every search finds the same; only V2 by accuracy may take another time than the 300 evaluations of the others."""
    ran = {}
    for number, arm in enumerate(ARMS):
        until = np.random.default_rng(number).integers(-20, 20, runs) + (v2_until if arm.name == V2_ACCURACY else 300)
        ran[arm.name] = made_up(arm, [90.0] * runs, until)
    return {HERE: ran}


@pytest.mark.parametrize(("until", "verdict"), [(100, "holds"), (300, "not shown"), (450, "does not hold")])
def test_the_best_accelerator_is_sooner_than_every_other(until, verdict) -> None:
    assert v2_by_accuracy_is_the_best_accelerator(racing(until)).ruling.verdict == verdict


def test_it_is_not_the_best_where_one_other_is_sooner() -> None:
    found = racing(150)
    ran = found[HERE]
    ran[arms.GA_ACCURACY] = made_up(arms.GA_ACCURACY, [90.0] * 12, np.arange(12) + 50)
    conclusion = v2_by_accuracy_is_the_best_accelerator(found)
    assert str(conclusion.ruling).startswith("does not hold (without nb101-raw9, cifar10; ")
    assert conclusion.numbers.startswith("3 of 4 claims shown, the contrary of 1; ")


def test_a_run_that_never_reaches_the_target_ranks_last() -> None:
    found = racing(100)
    ran = found[HERE]
    ran[V2_ACCURACY] = made_up(V2_ACCURACY, [89.0] * 12, [100] * 12)
    assert v2_by_accuracy_is_the_best_accelerator(found).ruling.verdict == "does not hold"
    assert "never" in {cell for block in _tables(found) for row in block.rows for cell in row[3:4]}
    del ran[arms.RANDOM], ran[arms.GA_ACCURACY]
    assert v2_by_accuracy_is_the_best_accelerator(found).ruling.verdict == "not examined"


def _tables(found) -> list[Table]:
    return [b for b in v2_by_accuracy_is_the_best_accelerator(found).page.blocks if isinstance(b, Table)]


def test_speed_up_is_a_ratio_of_expected_evaluations() -> None:
    slow, fast = made_up(arms.GA_ACCURACY, [90.0] * 4, [400] * 4), made_up(V2_ACCURACY, [90.0] * 4, [100] * 4)
    assert speed_up(slow, fast, 90.0) == "4 (4 to 4)"
    half = made_up(V2_ACCURACY, [90.0, 90.0, 80.0, 80.0], [100] * 4)  # (100 + 100 + 500 + 500) / 2 = 600
    assert speed_up(slow, half, 90.0).startswith("0.67 (")
    assert speed_up(slow, made_up(V2_ACCURACY, [80.0] * 4), 90.0) == "0"
    assert accelerator.evaluations_until(half, 90.0).tolist() == [100, 100, np.inf, np.inf]


def test_a_defect_changes_what_it_changes(around) -> None:
    (mended,) = (arm for arm in ARMS if arm.name == V2_ACCURACY)
    (defect,) = with_defects(mended)
    ran = {
        arms.GA_ACCURACY: made_up(arms.GA_ACCURACY, [90.0] * 12),
        V2_ACCURACY: made_up(mended, around(92), around(90, 5)),
    }
    worse = effects_of_defects({HERE: {**ran, defect.name: made_up(defect, around(91, seed=9), around(300, 20))}})
    assert worse.said.startswith("1 of 1 shown to change something")
    assert "found lower" in worse.said
    assert "evaluations until the target higher" in worse.said
    same = effects_of_defects({HERE: {**ran, defect.name: made_up(defect, around(92), around(90, 5))}})
    assert same.said == "0 of 1 shown to change something"
    (table,) = (block for block in same.page.blocks if isinstance(block, Table))
    assert [row[4] for row in table.rows] == ["found", "evaluations until the target", "mean height"]
    rows = pd.read_csv(io.StringIO(worse.rows))
    assert rows.columns.tolist() == list(DEFECT_COLUMNS)
    assert rows.groupby("measure", sort=False)["repeat"].count().to_dict() == dict.fromkeys(MEASURES, 12)
    found = rows[rows["measure"] == MEASURES[0]]
    assert found["with_defect"].tolist() == around(91, seed=9)
    assert found["mended"].tolist() == around(92)
    assert effects_of_defects({HERE: ran}).said.startswith("0 of 0")


def test_all_defects_and_measures_of_a_search_are_one_family(around) -> None:
    mended = next(arm for arm in ARMS if arm.uses_gcn)
    ran = {arms.GA_ACCURACY: made_up(arms.GA_ACCURACY, [90.0] * 12), mended.name: made_up(mended, around(92))}
    ran |= {own.name: made_up(own, around(91, seed=n)) for n, own in enumerate(with_defects(mended), 1)}
    xgboost = next(arm for arm in ARMS if arm.name == V2_ACCURACY)
    (alone,) = with_defects(xgboost)
    ran |= {xgboost.name: made_up(xgboost, around(92)), alone.name: made_up(alone, around(91, seed=8))}
    page = effects_of_defects({HERE: ran}).page
    (table,) = (block for block in page.blocks if isinstance(block, Table))
    words = [line for block in page.blocks if isinstance(block, Details) for line in block.lines]
    corrected_for = [line.partition("correction for ")[2].partition(" ")[0] for line in words]
    made = [line for line in words if "could not be made" not in line]
    assert len(table.rows) == len(words) == 7 * 3
    assert set(corrected_for[:18]) == {"18"}
    assert set(corrected_for[18:]) == {"3"}
    assert len(made) == len(words)


def test_every_run_has_a_row_and_every_benchmark_its_pictures(around) -> None:
    found = {HERE: {name: made_up(name, around(90)) for name in (arms.GA_ACCURACY, arms.V2_NASWT)}}
    lines = runs_as_csv(found).splitlines()
    assert lines[0].split(",") == list(COLUMNS)
    assert len(lines) == 1 + 24
    assert lines[1].split(",")[:5] == ["nats-tss-graph-cifar10", "genetic-accuracy", "0", "500", "9"]
    names = [picture.name for picture in benchmarks_page(found).pictures]
    assert names == [
        f"nats-tss-graph-cifar10-{kind}" for kind in ("distributions", "evaluations", "time", "generations")
    ]
