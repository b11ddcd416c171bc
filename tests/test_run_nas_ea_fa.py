"""NAS-EA-FA through the front door: its record, what is printed of it, resuming, budgets, what it cannot learn from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, spearmanr

from nasbench_ga import records, register_fitness, study
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.fitness import Evaluation, fitnesses
from nasbench_ga.run import main, run
from nasbench_ga.run_config import RunConfig
from nasbench_ga.search import NASEAFASettings
from nasbench_ga.spaces import CategoricalSpace, Genotypes, register_space, spaces

SMALL = RunConfig(
    space="nats-tss",
    table="analog-nas",
    algorithm="nas-ea-fa",
    repeats=2,
    evaluations=35,
    nas_ea_fa=NASEAFASettings(population=20, generations=3, top=6, farthest=4),
)
FILES = (records.CONFIG, records.EVALUATIONS, records.SUMMARY, records.CYCLES)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def test_the_record_tells_what_was_predicted_and_how_well() -> None:
    result = run(SMALL)
    evaluations, cycles = result.evaluations, result.cycles
    assert cycles[["repeat", "cycle", "evaluations"]].to_numpy().tolist() == [
        [repeat, cycle, evaluated] for repeat in (0, 1) for cycle, evaluated in enumerate((10, 10, 10, 5))
    ]
    assert cycles["training_cells"].tolist() == [0, 10, 20, 30] * 2
    assert (cycles["training_rows"] >= cycles["training_cells"]).all()
    assert cycles["pool"].tolist() == [20, 60, 60, 60] * 2
    for row in cycles.itertuples():
        own = evaluations.query("repeat == @row.repeat and generation == @row.cycle")
        if row.cycle == 0:
            assert own["predicted"].isna().all()
            assert np.isnan(row.kendall)
        else:
            assert row.kendall == pytest.approx(kendalltau(own["predicted"], own["value"]).statistic)
            assert row.spearman == pytest.approx(spearmanr(own["predicted"], own["value"]).statistic)
            assert row.mean_absolute_error == pytest.approx((own["predicted"] - own["value"]).abs().mean())


def test_searches_without_a_surrogate_have_no_cycles() -> None:
    result = run(replace(SMALL, algorithm="random"))
    assert not (result.folder / records.CYCLES).exists()
    assert "predicted" not in result.evaluations
    assert result.cycles.empty


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_run_that_breaks_off_resumes_to_the_same_record(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(run(replace(SMALL, results=Path("whole"))).folder)
    broken = replace(SMALL, results=Path("broken"), checkpoint_seconds=0.0)
    advance, calls = study.Study.advance, []

    def breaking(self: study.Study) -> study.Rows:
        calls.append(None)
        if len(calls) > rounds:
            raise OSError("the machine is gone")
        return advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(study.Study, "advance", breaking)
        with pytest.raises((OSError, NasbenchError), match="gone"):
            run(broken)
    assert contents(run(replace(broken, resume=True)).folder) == whole


def test_the_record_does_not_say_with_how_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nasbench_ga.crew.START_SECONDS", -1.0)
    one, two = (run(replace(SMALL, results=Path(name), workers=n)).folder for name, n in (("one", 1), ("two", 2)))
    assert contents(one) == contents(two)


def test_the_settings_are_recorded_with_the_sizes_of_the_preset() -> None:
    folder = run(replace(SMALL, nas_ea_fa=NASEAFASettings(), repeats=1)).folder
    settings = json.loads((folder / records.CONFIG).read_text())["settings"]
    assert settings == {
        "preset": "dervisi",
        "version": "v2",
        "surrogate": "xgboost",
        "population": 100,
        "generations": 10,
        "top": 30,
        "farthest": 20,
        "tournament": 0.2,
        "as_published": False,
        "defects": [],
    }


@pytest.mark.parametrize(
    ("given", "budget"),
    [
        ({}, {"evaluations": 500, "seconds": None}),
        ({"evaluations": 20}, {"evaluations": 20, "seconds": None}),
        ({"seconds": 9000.0}, {"evaluations": None, "seconds": 9000.0}),
    ],
)
def test_the_usual_budget_is_the_studys(given: dict[str, float], budget: dict[str, object], published) -> None:
    table = str(published("nats_tss.parquet")) if "seconds" in given else "analog-nas"
    config = replace(SMALL, **{"evaluations": None, "repeats": 1, "table": table} | given)
    assert json.loads((run(config).folder / "config.json").read_text())["budget"] == budget


def test_pan_and_yaos_budget_is_in_seconds(published) -> None:
    settings = NASEAFASettings(preset="pan-nb201")
    config = replace(SMALL, evaluations=None, repeats=1, table=str(published("nats_tss.parquet")), nas_ea_fa=settings)
    result = run(config)
    assert json.loads((result.folder / "config.json").read_text())["budget"] == {"evaluations": None, "seconds": 2e5}
    assert 1e5 < result.summary["seconds"][0] <= 2e5


def test_what_it_learned_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--space nats-tss --table analog-nas --algorithm nas-ea-fa --repeats 2 --evaluations 150"
    assert main(arguments.split()) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Predictions and accuracy of the cells evaluated next have Kendall's tau" in told
    assert "(mean of 4 cycles, by their evaluations; each is in results/runs/" in told
    assert "could be learned" not in told
    assert "fewer new cells" not in told
    assert "nothing to learn from" not in told
    assert "ended early" not in told


def test_options_may_be_written_with_a_dash() -> None:
    search = "--space nats-tss --table analog-nas --algorithm nas-ea-fa --repeats 1 --evaluations 10 --results mine"
    grouped = "--nas-ea-fa-top 3 --nas-ea-fa.surrogate random-forest --nas-ea-fa-as-published"
    assert main([*search.split(), *grouped.split()]) == 0
    settings = json.loads(Path("mine/config.json").read_text())["settings"]
    assert (settings["top"], settings["surrogate"], settings["defects"]) == (3, "random-forest", ["evaluates-again"])


@pytest.fixture
def half_without_a_number():
    """A fitness that is minus infinity for every other cell and NaN for some more."""

    @register_fitness("half")
    def half(context):
        def fitness(genotypes: Genotypes) -> Evaluation:
            ids = context.space.identify(genotypes)
            value = np.where(ids % 2, -np.inf, np.where(ids % 10, ids % 100, np.nan))
            return Evaluation(value, np.full(len(ids), np.nan))

        return fitness

    yield
    fitnesses.unregister("half")


@pytest.mark.usefixtures("half_without_a_number")
def test_labels_that_are_no_numbers_are_counted_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--space nats-tss --fitness half --algorithm nas-ea-fa --repeats 2 --evaluations 150 --results mine"
    assert main(arguments.split()) == 0
    evaluations = pd.read_parquet("mine/evaluations.parquet")
    lost = int((~np.isfinite(evaluations["value"])).sum())
    told = " ".join(capsys.readouterr().out.split())
    assert lost > 0
    assert f"{lost:,} evaluations had no finite half, so nothing could be learned from them." in told


@pytest.mark.parametrize("damaged", ['"abc"', '{"a": 1}', "[1, 2]", '[{"repeat": 0}]', "[", ""])
def test_a_damaged_file_of_cycles_is_one_sentence(damaged: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run(replace(SMALL, repeats=1, results=Path("mine"))).folder
    (folder / records.CYCLES).write_text(damaged)
    with pytest.raises(CorruptFileError, match=r"mine/cycles\.json"):
        run(replace(SMALL, repeats=1, results=Path("mine"), resume=True))


def test_a_budget_that_ends_before_anything_is_learned_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    search = "--space nats-tss --table analog-nas --algorithm nas-ea-fa --repeats 1 --evaluations 20"
    assert main(search.split()) == 0
    assert "Nothing was predicted: the budget ended with the first cycle" in " ".join(capsys.readouterr().out.split())


def test_a_fitness_that_is_the_same_everywhere_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    register_fitness("same")(lambda context: lambda g: Evaluation(np.full(len(g), 2.0), np.full(len(g), np.nan)))
    arguments = "--space nats-tss --fitness same --algorithm nas-ea-fa --repeats 2 --evaluations 100"
    try:
        assert main(arguments.split()) == 0
    finally:
        fitnesses.unregister("same")
    told = " ".join(capsys.readouterr().out.split())
    assert "In 2 of 4 cycles there was nothing to learn from" in told


@pytest.fixture
def small_space():
    """Sixteen cells."""

    @register_space("sixteen")
    class Sixteen(CategoricalSpace):
        name = benchmark = "sixteen"
        cardinalities = np.full(4, 2, np.int8)

        def encode(self, cell: str) -> Genotypes:
            return np.array([int(gene) for gene in cell], np.int8)

        def decode(self, genotype: Genotypes) -> str:
            return "".join(map(str, genotype.tolist()))

    @register_fitness("ones")
    def ones(context):
        return lambda genotypes: Evaluation(genotypes.sum(1).astype(float), np.full(len(genotypes), np.nan))

    yield
    spaces.unregister("sixteen")
    fitnesses.unregister("ones")


@pytest.mark.usefixtures("small_space")
def test_a_space_that_is_used_up_ends_the_search_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = "--space sixteen --fitness ones --algorithm nas-ea-fa --repeats 3 --results mine"
    assert main(arguments.split()) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 of the 3 repeats ended early: they found nothing new to evaluate." in told
    assert "ones 4.0000" in told
    evaluations = pd.read_parquet("mine/evaluations.parquet")
    assert not evaluations.duplicated(["repeat", "id"]).any()
