"""The command runs what it says, once, and goes on; records are read as they are."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

import nasbench_ga as ng
from experiments import dervisi, naswt_scores
from experiments.dervisi_study import arms
from experiments.dervisi_study.arms import ARMS, BENCHMARKS, Arm, carry_out, with_defects
from experiments.dervisi_study.found import extract
from experiments.dervisi_study.guidance import naswt_guides
from experiments.naswt_scores import scored_cells
from nasbench_ga.errors import DatasetNotFoundError, NasbenchError, RecordError, TableNotFoundError
from nasbench_ga.fitness.score_store import ScoreTable, score_tables
from nasbench_ga.records import Recorder
from nasbench_ga.run_sets import RunSet

NB101, TSS = BENCHMARKS[:2]
OWN_SCORES = Path(__file__).parents[2] / "data"
FEW_GA = ng.GeneticSettings(population=10)
FEW_V2 = {"population": 20, "generations": 2, "top": 4, "farthest": 2}


def small(arm: Arm) -> Arm:
    """An arm with a budget for a test."""
    budget = 18 if arm.algorithm == "nas-ea-fa" else 60
    return replace(arm, evaluations=budget, genetic=FEW_GA, nas_ea_fa=replace(arm.nas_ea_fa, **FEW_V2))


@pytest.fixture
def here(published: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table of NATS-Bench and the scores that come with the project, and without nb101."""
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "nats_tss.parquet").symlink_to(published("nats_tss.parquet"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{tables}:{OWN_SCORES}")
    monkeypatch.setattr(dervisi, "ARMS", tuple(small(arm) for arm in ARMS))
    monkeypatch.setattr(dervisi, "BENCHMARKS", (NB101, TSS))
    monkeypatch.setattr(dervisi, "naswt_guides", partial(naswt_guides, resamples=5))
    return tmp_path


def test_everything_is_written_and_nothing_is_run_twice(here: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    assert dervisi.main(["--repeats", "2", "--no-gcn", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    pages = {path.name: path.read_bytes() for path in (here / "results/dervisi").iterdir()}
    conclusions = ("narrows-the-space", "naswt-guides", "naswt-batch", "different-distributions", "best-accelerator")
    assert {f"{name}.md" for name in (*conclusions, "README", "benchmarks", "defects")} | {
        "runs.csv",
        "defects.csv",
    } <= pages.keys()
    index = pages["README.md"].decode()
    for name in conclusions:
        assert f"{name}.md" in index
    assert "Table 'nb101' is in none of" in index  # it is left out, and how to get it is said
    assert '`make study REPEATS=2 ARGS="--no-gcn"`' in index
    assert printed.count("\n(") + printed.startswith("(") == 5
    linked = [line.split("](")[1].rstrip(")") for page in pages if page.endswith(".md")
              for line in pages[page].decode().splitlines() if line.startswith("![")]  # fmt: skip
    assert sorted(linked) == sorted(name for name in pages if name.endswith(".png"))
    records = {path: path.read_bytes() for path in (here / "results/runs").rglob("*.parquet")}
    assert len(records) == 6  # five arms without a GCN, and one with a defect

    with monkeypatch.context() as again:
        again.setattr("nasbench_ga.run.conduct", lambda *_, **__: pytest.fail("ran again"))
        assert dervisi.main(["--repeats", "2", "--no-gcn"]) == 0
    assert {path.name: path.read_bytes() for path in (here / "results/dervisi").iterdir()} == pages

    assert dervisi.main(["--repeats", "3", "--no-gcn", "--workers", "1"]) == 0
    rows = (here / "results/dervisi/runs.csv").read_text().splitlines()
    assert len(rows) == 1 + 6 * 3
    assert rows[1:3] == pages["runs.csv"].decode().splitlines()[1:3]


def test_a_record_of_more_runs_is_taken_and_one_of_something_else_refused(here: Path) -> None:
    arm, folder = small(ARMS[0]), here / "record"
    assert len(carry_out(arm, TSS, folder, 3)) == 3
    assert len(carry_out(arm, TSS, folder, 2)) == 3
    with pytest.raises(RecordError, match=r"differs in settings\.population"):
        carry_out(replace(arm, genetic=ng.GeneticSettings(population=11)), TSS, folder, 2)
    with pytest.raises(RecordError, match="differs in budget"):
        carry_out(replace(arm, evaluations=70), TSS, folder, 2)
    with pytest.raises(RecordError, match=r"differs in .*objective\.test"):
        carry_out(arm, BENCHMARKS[2], folder, 2)
    (folder / "config.json").write_text("[]")
    with pytest.raises(NasbenchError, match="differs in everything"):
        carry_out(arm, TSS, folder, 2)


def test_a_record_in_the_way_is_told_with_the_option_of_the_study(here: Path, capsys) -> None:
    folder = here / "results/runs/dervisi" / TSS.folder / arms.GA_ACCURACY
    carry_out(replace(small(ARMS[0]), evaluations=30), TSS, folder, 2)
    assert dervisi.main(["--repeats", "2", "--no-gcn", "--workers", "1"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert "differs in budget" in told
    assert "--runs" in told


def test_a_killed_run_is_gone_on_with(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arm = small(ARMS[0])
    whole = carry_out(arm, TSS, here / "whole", 3)

    checkpoint = Recorder.checkpoint

    def killed(self: Recorder, state: list) -> None:
        checkpoint(self, state)
        if sum(map(len, self._written)) > 60:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Recorder, "checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            ng.run(replace(arm.on(TSS, here / "killed", 2, 1), checkpoint_seconds=0))
    assert len(carry_out(arm, TSS, here / "killed", 3)) == 3
    name = "evaluations.parquet"
    assert (here / "killed" / name).read_bytes() == (whole.record.folder / name).read_bytes()


@pytest.mark.parametrize("name", [arms.V2_ACCURACY, arms.GA_ACCURACY])
def test_spreads_are_those_of_the_different_cells_of_the_rows(here: Path, name: str) -> None:
    arm = small(next(arm for arm in ARMS if arm.name == name))
    own = carry_out(arm, TSS, here / "record", 2)
    found = extract(own, arm, TSS)
    space, best = ng.get_space(TSS.space), np.quantile(ng.open_table("nats-tss").values(found.search), 0.99)
    frame = ng.Result(own.record.folder, None, None).evaluations
    tops = found.top_spreads or found.spreads
    for repeat, (every, top) in enumerate(zip(found.spreads, tops, strict=True)):
        rows = frame[frame["repeat"] == repeat]
        assert [spread.cells for spread in every] == rows.groupby("generation")["id"].nunique().tolist()
        assert every[-1].spent == arm.evaluations
        for (_, cycle), spread, of_top in zip(rows.groupby("generation"), every, top, strict=True):
            for evaluated, told in ((cycle, spread), (cycle[:4] if found.top_spreads else cycle, of_top)):
                cells = evaluated.drop_duplicates("id")
                bits = space.features(np.stack(cells["genotype"]))
                low, high = cells[found.search].quantile([0.25, 0.75])
                distance = pdist(bits, "cityblock").mean() if len(bits) > 1 else 0.0
                assert (told.range, told.distance) == pytest.approx((high - low, distance))
                assert told.best == pytest.approx((cells[found.search] >= best).mean())
    copies = frame.duplicated(["repeat", "generation", "id"]).any()
    assert copies == (name == arms.GA_ACCURACY)
    assert found.sample("search").values.tolist() == frame.groupby("repeat")[found.search].max().tolist()
    assert found.seconds_an_evaluation == pytest.approx(frame["seconds"].mean())


def test_how_many_runs_are_wanted_of_what() -> None:
    named = {arm.name: arm for arm in ARMS}
    of = dervisi.Config(repeats=100).repeats_of
    assert (of(named[arms.GA_ACCURACY], NB101), of(named[arms.GA_NASWT], TSS)) == (100, 100)
    assert (of(named[arms.GA_NASWT], NB101), of(named[arms.V2_GCN], NB101)) == (10, 30)
    assert dervisi.Config(gcn=False).repeats_of(named[arms.V2_GCN], TSS) == 0
    few = dervisi.Config(repeats=3, nb101_naswt_repeats=20, gcn_repeats=5, gcn_defect_repeats=4)
    assert (few.repeats_of(named[arms.V2_NASWT], NB101), few.repeats_of(named[arms.V2_GCN], TSS)) == (20, 5)
    assert few.repeats_of(with_defects(named[arms.V2_GCN])[0], NB101) == 4
    options = "--gcn-repeats 5 --gcn-defect-repeats 4 --nb101-naswt-repeats 20"
    assert few.command == f'make study REPEATS=3 ARGS="{options}"'
    with pytest.raises(NasbenchError, match="one run has no distribution"):
        dervisi.Config(repeats=1)


def test_every_defect_is_run_where_it_matters() -> None:
    first, second = ([arm.name for arm in dervisi.arms_on(benchmark)] for benchmark in BENCHMARKS[:2])
    assert len(first) == len(set(first)) == 6 + 1 + 6
    assert len(second) == 6 + 1
    all_of_them = next(arm for arm in dervisi.arms_on(NB101) if arm.name.endswith("gcn-accuracy-as-published"))
    assert len(all_of_them.nas_ea_fa.switched_on) == 5


def test_what_is_missing_is_told(here: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(dervisi, "BENCHMARKS", (NB101,))
    with pytest.raises(TableNotFoundError, match=r"No benchmark of the study can be run\..*tables fetch nb101"):
        dervisi.carry_out_all(dervisi.Config())
    assert dervisi.main([]) == 1
    assert capsys.readouterr().err.count("\n") == 1

    def no_images(arm: Arm, *given: object) -> RunSet:
        if arm.fitness == "naswt":
            raise DatasetNotFoundError("no images; fetch them")
        return carry_out(arm, *given)

    monkeypatch.setattr(dervisi, "BENCHMARKS", (TSS,))
    monkeypatch.setattr(dervisi, "carry_out", no_images)
    found, left_out = dervisi.carry_out_all(dervisi.Config(repeats=2, gcn=False))
    assert arms.GA_NASWT not in found[TSS]
    assert "nats-tss-graph, cifar10, GA, NASWT: no images; fetch them" in left_out
    judged = dervisi.judge(found, None)
    assert len(judged) == 5
    index = dervisi.index_page(judged, "none", found, left_out, "make study").blocks[1]
    (best,) = (row[2] for row in index.rows if row[0] == "e")
    assert "without nb101-raw9, cifar10; 2 of 4 claims on nats-tss-graph, cifar10; " in best


def test_the_gcn_runs_on_both_spaces_of_the_study(here: Path) -> None:
    arm = small(next(arm for arm in ARMS if arm.uses_gcn))
    assert len(carry_out(arm, TSS, here / "gcn", 2, 1)) == 2


def test_scores_come_with_the_project_and_the_sample_is_not_what_searches_met(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"nats-tss", "nb101"} <= {table.key["benchmark"] for table in score_tables()}
    nb101 = ng.get_space("nb101")
    (sample,) = (own for own in score_tables() if own.key["benchmark"] == "nb101" and not own.of_searches)
    cells, scores = scored_cells(nb101)
    assert cells.tolist() == sorted(sample.read())
    assert scores.tolist() == [sample.read()[cell][0] for cell in cells.tolist()]
    searched = ScoreTable(sample.path, sample.key, complete=False, of_searches=True)
    monkeypatch.setattr(naswt_scores, "score_tables", lambda: iter([searched]))
    with pytest.raises(NasbenchError, match="No table of NASWT scores of nb101"):
        scored_cells(nb101)
