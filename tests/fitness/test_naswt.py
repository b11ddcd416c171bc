"""NASWT as fitness: what it scores, on which images, and that it scores nothing twice."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench_ga import GeneticSettings, RunConfig, get_space, open_table, run
from nasbench_ga.errors import CorruptFileError, DatasetNotFoundError, NasbenchError, UnknownNameError
from nasbench_ga.fitness import NASWT, FitnessContext, NASWTSettings, fitnesses, make_fitness, naswt_score
from nasbench_ga.fitness.score_store import write_table
from nasbench_ga.records import read_evaluations
from nasbench_ga.run import main
from nasbench_ga.spaces import CategoricalSpace, Genotypes
from nasbench_ga.statistics import rank_correlation
from nasbench_ga.training import DATASETS, DataSet, draw_batch, load_images, register_dataset

SMALL = NASWTSettings(dataset="photographs", batch=8, stem=4, device="cpu", store=Path("store"))
NB101 = get_space("nb101")
TSS = get_space("nats-tss")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_GA_DATA", "")


def cells(n: int, seed: int = 0) -> Genotypes:
    return NB101.sample(n, np.random.default_rng(seed))


def test_the_value_is_the_score_of_the_untrained_network() -> None:
    from nasbench_ga.networks import build_network

    genotypes = cells(4)
    found = NASWT(NB101, SMALL)(genotypes)
    images = naswt_score.on_device(draw_batch(load_images("photographs"), 8, 0).pixels, "cpu", 4)
    expected = [naswt_score.naswt_score(build_network(NB101, genotype, stem=4), images) for genotype in genotypes]
    np.testing.assert_array_equal(found.value, expected)
    assert (found.seconds > 0).all()


def test_nothing_is_scored_twice() -> None:
    genotypes = cells(5)
    first = NASWT(NB101, SMALL)
    values = first(genotypes).value
    assert first.scored == len(np.unique(NB101.identify(genotypes)))
    np.testing.assert_array_equal(first(genotypes).value, values)
    again = NASWT(NB101, SMALL)
    np.testing.assert_array_equal(again(genotypes[::-1]).value, values[::-1])
    assert (first.scored, again.scored) == (len(np.unique(NB101.identify(genotypes))), 0)


def test_isomorphic_cells_and_other_encodings_share_their_score() -> None:
    isomorphs = NB101.isomorphs(cells(1, seed=5)[0])
    fitness = NASWT(NB101, SMALL)
    assert len({*fitness(isomorphs[-1:]).value, *fitness(isomorphs[:1]).value}) == 1
    raw = NASWT(get_space("nb101-raw9"), SMALL)
    raw(isomorphs[:1])
    assert (fitness.scored, raw.scored) == (1, 0)


def test_graphs_share_their_scores_with_the_strings_of_their_networks() -> None:
    """Two strings of one network, of which only the second is what a graph stands for."""
    graphs = get_space("nats-tss-graph")
    first = "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|nor_conv_3x3~1|skip_connect~2|"
    second = "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|none~1|skip_connect~2|"
    strings = NASWT(TSS, SMALL)
    value = strings(TSS.encode(first)[None]).value
    of_graphs = NASWT(graphs, SMALL)
    assert of_graphs(graphs.encode(second)[None]).value == value
    assert (strings.scored, of_graphs.scored) == (1, 0)
    genotypes = graphs.augment(graphs.sample(2, np.random.default_rng(0)))[0]
    expected = strings(TSS.genotypes_of(graphs.identify(genotypes))).value
    np.testing.assert_array_equal(NASWT(graphs, replace(SMALL, store=Path("other")))(genotypes).value, expected)


@pytest.mark.parametrize("change", [{"seed": 1}, {"batch": 9}, {"stem": 5}], ids="-".join)
def test_whatever_a_score_depends_on_keeps_it_apart(change: dict[str, Any]) -> None:
    genotypes = cells(2)
    value = NASWT(NB101, SMALL)(genotypes).value
    other = NASWT(NB101, replace(SMALL, **change))
    assert (other(genotypes).value != value).all()
    assert other.scored == 2


def test_repeats_have_seeds_of_their_own() -> None:
    genotypes = cells(3)
    alone = np.array([NASWT(NB101, replace(SMALL, seed=seed))(genotypes).value for seed in (4, 5, 6)])
    mean = NASWT(NB101, replace(SMALL, seed=4, repeats=3))
    np.testing.assert_array_equal(mean(genotypes).value, alone.mean(0))
    highest = NASWT(NB101, replace(SMALL, seed=4, repeats=3, statistic="max"))
    np.testing.assert_array_equal(highest(genotypes).value, alone.max(0))
    assert mean.scored == highest.scored == 0
    assert mean.provenance != highest.provenance


def test_two_stores_get_the_same_scores_to_the_last_digit() -> None:
    genotypes = cells(3)
    values = [NASWT(NB101, replace(SMALL, store=Path(name)))(genotypes).value for name in ("one", "two")]
    np.testing.assert_array_equal(*values)


def test_a_score_does_not_depend_on_who_asks_first_or_how_often() -> None:
    """The official rule has these two in one class, but they are different networks; each is asked in two writings."""
    cells = [
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|skip_connect~1|+|avg_pool_3x3~0|skip_connect~1|skip_connect~2|",
        "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|skip_connect~1|skip_connect~2|",
        "|none~0|+|nor_conv_1x1~0|none~1|+|none~0|nor_conv_3x3~1|skip_connect~2|",
    ]
    genotypes = np.stack([TSS.encode(cell) for cell in cells])
    found = [NASWT(TSS, replace(SMALL, store=Path(name))) for name in ("one", "two", "three")]
    value = found[0](genotypes).value
    np.testing.assert_array_equal(found[1](genotypes[::-1]).value, value[::-1])
    np.testing.assert_array_equal(found[2](np.repeat(genotypes, 2, axis=0)).value, np.repeat(value, 2))
    assert value[0] != value[1]
    assert value[2] == value[3]
    assert [fitness.scored for fitness in found] == [3, 3, 3]


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(NasbenchError, match=r"torch, which is not installed; install it: .*nasbench-ga\[networks\]"):
        NASWT(NB101, SMALL)


def test_settings_take_paths_as_text_and_numbers_of_numpy() -> None:
    settings = NASWTSettings(store="here", batch=np.int64(8))  # type: ignore[arg-type]
    assert settings == NASWTSettings(store=Path("here"), batch=8)
    with pytest.raises(NasbenchError, match=r"naswt\.batch is an integer, not 8\.5"):
        NASWTSettings(batch=8.5)  # type: ignore[arg-type]


def test_what_the_scores_are_is_told() -> None:
    fitness = NASWT(NB101, replace(SMALL, seed=3, repeats=2))
    fitness(cells(1))
    expected = "NASWT scores (the mean of 2 seeds from 3, stem 4) of 8 images of photographs: 2 computed in this run on"
    assert fitness.notes[0].startswith(expected)


def test_what_was_scored_before_an_interruption_is_kept() -> None:
    genotypes = cells(6)
    scored = naswt_score.naswt_scores

    def interrupted(*arguments: Any, **options: Any) -> Any:
        for number, result in enumerate(scored(*arguments, **options)):
            if number == 3:
                raise KeyboardInterrupt
            yield result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(naswt_score, "naswt_scores", interrupted)
        with pytest.raises(KeyboardInterrupt):
            NASWT(NB101, SMALL)(genotypes)
    rest = NASWT(NB101, SMALL)
    rest(genotypes)
    assert rest.scored == 3


def test_a_cell_without_a_path_is_minus_infinity() -> None:
    nothing = TSS.encode("|none~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|")
    found = NASWT(TSS, SMALL)(nothing[None])
    assert found.value[0] == -np.inf


def test_without_cifar10_photographs_stand_in_and_that_is_said() -> None:
    fitness = NASWT(NB101, replace(SMALL, dataset=None))
    (note,) = fitness.notes
    assert "8 pieces of scikit-learn's two sample photographs" in note
    assert "not to be compared with published ones" in " ".join(note.split())
    assert "python -m nasbench_ga.training fetch cifar10" in note
    assert fitness.provenance["scores"][0]["dataset"] == "photographs"


def test_images_that_were_asked_for_have_to_be_there() -> None:
    with pytest.raises(DatasetNotFoundError, match="training fetch cifar10"):
        NASWT(NB101, replace(SMALL, dataset="cifar10"))
    with pytest.raises(UnknownNameError, match="did you mean 'cifar100'"):
        NASWT(NB101, replace(SMALL, dataset="cifar1000"))


def test_a_batch_larger_than_the_data_set() -> None:
    with pytest.raises(
        NasbenchError, match="A batch of 521 images was asked for, and photographs has 520 train images"
    ):
        NASWT(NB101, replace(SMALL, batch=521))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch": 1}, "naswt.batch is 2 or more, not 1."),
        ({"repeats": 0}, "naswt.repeats is 1 or more, not 0."),
        ({"stem": 0}, "naswt.stem is 1 or more, not 0."),
        ({"seed": -1}, "naswt.seed is 0 or more, not -1."),
        ({"device": "tpu"}, "naswt.device is auto or cpu or cuda, not 'tpu'."),
        ({"statistic": "median"}, "naswt.statistic is mean or max, not 'median'."),
    ],
)
def test_settings_without_sense(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NasbenchError) as caught:
        replace(SMALL, **change)
    assert str(caught.value) == sentence


def test_corrupt_images(images_folder: Path) -> None:
    folder = Path("data/cifar-10-batches-bin")
    folder.mkdir(parents=True)
    for number in range(1, 6):
        content = (images_folder / folder.name / f"data_batch_{number}.bin").read_bytes()
        (folder / f"data_batch_{number}.bin").write_bytes(content if number != 3 else content[:-1] + b"\0")
    with pytest.raises(CorruptFileError, match=r"data_batch_3\.bin is not the published file"):
        NASWT(NB101, replace(SMALL, dataset=None))


@pytest.mark.parametrize("dataset", ["cifar10", "mnist", "fashion-mnist"])
def test_published_images_of_every_size(dataset: str, images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", str(images_folder))
    fitness = NASWT(NB101, replace(SMALL, dataset=dataset))
    assert np.isfinite(fitness(cells(1)).value).all()
    assert f"of 8 images of {dataset}" in fitness.notes[0]


def test_a_space_without_networks_is_named() -> None:
    class Bare(CategoricalSpace):
        name = benchmark = "nats-sss-like"
        cardinalities = np.full(2, 3, np.int8)

        def encode(self, cell: str) -> np.ndarray: ...

        def decode(self, genotype: np.ndarray) -> str: ...

    with pytest.raises(UnknownNameError, match="nats-sss-like"):
        NASWT(Bare(), SMALL)(np.zeros((1, 2), np.int8))


def test_it_is_registered() -> None:
    assert "naswt" in fitnesses
    fitness = make_fitness("naswt", FitnessContext(NB101, None, None, settings=(1, SMALL)))
    assert isinstance(fitness, NASWT)
    assert fitness.settings == SMALL


NETWORKS = np.unique(TSS.identify(TSS.canonical(TSS.enumerate(), per_network=True)))


def complete_table(seed: int = 0) -> Path:
    """A finished table of made-up scores of all of nats-tss, as it would come with the project."""
    key = {
        "score": "naswt",
        "version": 1,
        "benchmark": "nats-tss",
        "network": "NATSNetwork",
        "sizes": {},
        "dataset": "cifar10",
        "batch": 128,
        "seed": seed,
        "images_sha256": "0" * 64,
    }
    path = Path("data/naswt") / f"made-up-{seed}.parquet"
    columns = {"network": NETWORKS, "score": NETWORKS / 7, "seconds": np.full(len(NETWORKS), 0.1)}
    write_table(path, key, columns, len(NETWORKS), {})
    return path


def test_a_finished_table_needs_neither_images_nor_torch() -> None:
    complete_table()
    code = (
        "import sys, numpy as np\nfrom nasbench_ga import get_space\nfrom nasbench_ga.fitness import NASWT\n"
        "space = get_space('nats-tss')\nfitness = NASWT(space)\ncells = space.enumerate()\n"
        "networks = space.identify(space.canonical(cells, per_network=True))\n"
        "value = fitness(cells).value\nassert (value == networks / 7).all()\n"
        "assert 'torch' not in sys.modules\nprint(fitness.notes[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "from data/naswt/made-up-0.parquet: 0 computed in this run" in done.stdout


def test_a_finished_table_of_another_seed_is_not_used() -> None:
    complete_table(seed=1)
    assert "photographs" in NASWT(TSS).notes[0]
    assert "made-up" in NASWT(TSS, NASWTSettings(seed=1)).notes[0]
    assert "photographs" in NASWT(TSS, NASWTSettings(repeats=2)).notes[0]


def test_scores_of_some_networks_need_no_images_until_another_is_met() -> None:
    cells = NB101.enumerate()[:6]
    networks = NB101.identify(NB101.canonical(cells, per_network=True))
    asked = NASWTSettings(dataset="cifar10", stem=4, batch=8, store=Path("store"))
    with pytest.raises(DatasetNotFoundError, match="training fetch cifar10"):
        NASWT(NB101, asked)
    key = {
        "score": "naswt",
        "version": 1,
        "benchmark": "nb101",
        "network": "NB101Network",
        "sizes": {"stem": 4},
        "dataset": "cifar10",
        "batch": 8,
        "seed": 0,
        "images_sha256": "of some images",
    }
    columns = {"network": networks, "score": networks / 3, "seconds": np.ones(6)}
    write_table(Path("data/naswt/some.parquet"), key, columns, NB101.size, {})
    fitness = NASWT(NB101, asked)
    np.testing.assert_array_equal(fitness(cells).value, networks / 3)
    assert fitness.provenance["scores"] == [key]
    with pytest.raises(DatasetNotFoundError, match=r"1 networks have no score yet.*training fetch cifar10"):
        fitness(NB101.enumerate()[:7])
    assert "photographs" in NASWT(NB101, replace(asked, dataset=None)).notes[0]


CONFIG = RunConfig(space="nb101", fitness="naswt", repeats=2, evaluations=12, naswt=SMALL, checkpoint_seconds=0)


def test_a_run_repeats_to_the_last_digit() -> None:
    runs = [run(replace(CONFIG, results=Path(name))) for name in ("one", "two")]
    for name in ("config.json", "evaluations.parquet", "summary.json"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    assert runs[0].summary["best_value"].notna().all()


def test_an_interrupted_run_goes_on_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    scored, calls = naswt_score.naswt_scores, iter(range(1000))

    def interrupted(*arguments: Any, **options: Any) -> Any:
        for result in scored(*arguments, **options):
            if next(calls) == 15:
                raise KeyboardInterrupt
            yield result

    monkeypatch.setattr(naswt_score, "naswt_scores", interrupted)
    genetic = GeneticSettings(population=6)
    begun = replace(CONFIG, results=Path("begun"), evaluations=24, genetic=genetic)
    with pytest.raises(KeyboardInterrupt):
        run(begun)
    assert Path("begun/progress").exists()
    resumed = run(replace(begun, resume=True)).evaluations.drop(columns="seconds")
    at_once = run(replace(begun, results=Path("at once"), naswt=replace(SMALL, store=Path("another store"))))
    assert resumed.equals(at_once.evaluations.drop(columns="seconds"))


def test_small_images_and_data_sets_of_ones_own() -> None:
    """As ImageNet16-120 has them: 16 x 16 pixels."""
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(40, 3, 16, 16), dtype=np.uint8)
    description = DataSet(
        name="small",
        title="Small",
        description="Noise.",
        classes=2,
        channels=3,
        height=16,
        width=16,
        mean=(0.5, 0.5, 0.5),
        std=(0.3, 0.3, 0.3),
        sizes={"train": 40},
        make=lambda _split: (images, np.zeros(40, np.int64)),
    )
    register_dataset(description)
    try:
        for space in (NB101, TSS, get_space("nats-sss")):
            fitness = NASWT(space, replace(SMALL, dataset="small"))
            assert np.isfinite(fitness(space.enumerate()[5:6]).value).all()
    finally:
        DATASETS.unregister("small")


def test_the_usual_budget_is_small() -> None:
    assert NASWT.usual_evaluations == 500
    complete_table()
    result = run(RunConfig(space="nats-tss", table="analog-nas", fitness="naswt", repeats=1))
    assert result.summary["evaluations"].tolist() == [500]


def test_what_a_run_tells(capsys: pytest.CaptureFixture[str]) -> None:
    complete_table()
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--fitness", "naswt", "--evaluations", "300"]
    assert main([*arguments, "--repeats", "3", "--naswt-statistic", "max", "--results", "here"]) == 0
    output = capsys.readouterr().out
    frame = read_evaluations(Path("here"))
    best = frame.loc[frame["value"].idxmax()]
    metric = "cifar10/test/baseline"
    values = open_table("analog-nas").values(metric)
    assert f"Best cell: number {best['id']} of nats-tss" in output
    rank = 1 + (values > best[metric]).sum()
    assert f"Its {metric} is {best[metric]:.3f} %, rank {rank:,} of the table's 15,625 cells." in output
    cells_once = frame.drop_duplicates("id")
    correlation = rank_correlation(cells_once["value"], cells_once[metric])
    parameters = rank_correlation(TSS.parameters(TSS.enumerate()[cells_once["id"]]), cells_once[metric])
    assert (
        f"Over the {len(cells_once):,} different cells that were evaluated, naswt and {metric} have {correlation}; "
        f"the mere number of parameters has {parameters}."
    ) in output
    assert "Measured seconds" in output
    assert main([*arguments, "--repeats", "3", "--naswt.statistic", "max", "--results", "here", "--resume"]) == 0
    again = capsys.readouterr().out
    assert str(correlation) in again


def test_minus_infinity_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    complete_table()
    path = Path("data/naswt/made-up-0.parquet")
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    scores = table["score"].to_numpy().copy()
    scores[::2] = -np.inf
    pq.write_table(table.set_column(1, "score", [scores]), path)
    arguments = ["--space", "nats-tss", "--table", "analog-nas", "--fitness", "naswt", "--evaluations", "200"]
    assert main([*arguments, "--repeats", "1", "--results", "here"]) == 0
    cells_once = read_evaluations(Path("here")).drop_duplicates("id")
    impossible = np.isneginf(cells_once["value"]).sum()
    assert impossible > 10
    expected = f"{impossible:,} of the {len(cells_once):,} different cells have minus infinity as fitness."
    assert expected in capsys.readouterr().out


@pytest.fixture(scope="module")
def own_tables() -> Path:
    return Path(__file__).parents[2] / "data"


def test_the_scores_that_come_with_the_project_are_what_it_computes(
    own_tables: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    for space, sizes in ((TSS, {}), (NB101, {"stem": 16})):
        table = pq.read_table(own_tables / f"naswt/{space.name}-cifar10-128-seed0.parquet").to_pandas()
        monkeypatch.setenv("NASBENCH_GA_DATA", str(images_folder))
        batch = draw_batch(load_images("cifar10"), 128, 0)
        sample = table.sample(3, random_state=7)
        genotypes = space.enumerate()[sample["network"]]
        images = naswt_score.on_device(batch.pixels, "cpu", 16)
        found = [scores for _, scores in naswt_score.naswt_scores(space, genotypes, images, 0, **sizes)]
        np.testing.assert_allclose(np.concatenate(found), sample["score"], rtol=1e-6)


@pytest.fixture(scope="session")
def accuracies(published: Callable[[str], Path]) -> np.ndarray:
    return open_table("nats-tss", published("nats_tss.parquet")).values("cifar10/ori-test/200")


def test_they_guide_to_accuracy(own_tables: Path, accuracies: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kendall's tau on 1,000 random cells; 0.574 is published for a sample of the same space."""
    monkeypatch.setenv("NASBENCH_GA_DATA", str(own_tables))
    chosen = np.random.default_rng(0).choice(TSS.size, 1000, replace=False)
    fitness = NASWT(TSS, NASWTSettings(dataset="cifar10"))
    assert fitness.provenance["scores"][0]["batch"] == 128
    scores = fitness(TSS.enumerate()[chosen]).value
    assert fitness.scored == 0
    assert rank_correlation(scores, accuracies[chosen]).kendall >= 0.55


def test_the_sample_of_nb101_has_its_share_of_every_size(own_tables: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(own_tables / "naswt/nb101-cifar10-128-seed0.parquet").to_pandas()
    assert len(table) >= 5000
    assert table["network"].is_unique
    vertices = table["written"].str.count("bn-relu|maxpool3x3") + 2
    assert set(vertices) == {2, 3, 4, 5, 6, 7}
    assert (vertices == 7).mean() == pytest.approx(359_082 / 423_624, abs=0.02)
