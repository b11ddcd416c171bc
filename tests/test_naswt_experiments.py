"""The experiments with NASWT do what they say, on less than they are made for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments import naswt_best_of_n, naswt_correlations, naswt_scores
from nasbench_ga import get_space
from nasbench_ga.errors import NasbenchError
from nasbench_ga.fitness import NASWT, NASWTSettings
from nasbench_ga.fitness.score_store import score_tables
from nasbench_ga.tables import open_table

OWN_SCORES = Path(__file__).parents[1] / "data"
NB101 = get_space("nb101")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_sample_has_its_share_of_every_stratum() -> None:
    cells = naswt_scores.stratified(NB101, 5000, 0)
    assert len(np.unique(cells)) == len(cells) >= 5000
    edges = NB101.enumerate()[:, :21].sum(1)
    for number in range(1, 10):
        all_of_it, chosen = (edges == number).sum(), (edges[cells] == number).sum()
        assert chosen >= min(all_of_it, 10)
        if all_of_it > 10_000:
            assert chosen / len(cells) == pytest.approx(all_of_it / NB101.size, rel=0.05)


def test_every_network_once() -> None:
    space = get_space("nats-tss")
    cells = naswt_scores.every_network(space)
    assert len(cells) == len(np.unique(cells)) == 5260
    np.testing.assert_array_equal(space.canonical(space.enumerate()[cells], per_network=True), space.enumerate()[cells])


def test_scores_are_written_with_their_key(images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", str(images_folder))
    monkeypatch.setattr(naswt_scores, "LEAST_OF_A_STRATUM", 1)
    path = naswt_scores.score(naswt_scores.Config("nb101", cells=10, batch=2, out=Path("data/naswt")))
    table = pq.read_table(path).to_pandas()
    assert path.name == "nb101-cifar10-2-seed0.parquet"
    assert len(table) >= 10
    assert table["written"].tolist() == [str(NB101.decode(NB101.enumerate()[cell])) for cell in table["network"]]
    (found,) = [found for found in score_tables() if found.path == path]
    assert (found.complete, found.key["batch"], found.key["sizes"]) == (False, 2, {"stem": 16})
    again = naswt_scores.score(naswt_scores.Config("nb101", cells=10, batch=2, out=Path("data/naswt")))
    assert pq.read_table(again).to_pandas().equals(table)


def test_what_searches_scored_is_collected(images_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASBENCH_GA_DATA", str(images_folder))
    config = naswt_scores.Config("nb101", batch=2, of_searches=True, out=Path("data/naswt"))
    with pytest.raises(NasbenchError, match="holds no score that is in no table yet"):
        naswt_scores.collect(config)
    fitness = NASWT(NB101, NASWTSettings(dataset="cifar10", batch=2))
    met = [NB101.enumerate()[start : start + 5] for start in (0, 3)]
    for cells in met:
        scores = fitness(cells).value
        table = pq.read_table(naswt_scores.collect(config)).to_pandas()
    networks = NB101.identify(NB101.canonical(NB101.enumerate()[:8], per_network=True))
    assert table["network"].tolist() == sorted(networks.tolist())
    last = table.set_index("network")["score"][NB101.identify(NB101.canonical(met[1], per_network=True))]
    assert last.tolist() == scores.tolist()


def test_flops_are_those_of_every_convolution(published: Callable[[str], Path]) -> None:
    """The smallest cell, input to output, has stem, nine projections and the classifier."""
    table = open_table("nb101", published("nb101_108.parquet"))
    smallest = int(np.flatnonzero(NB101.enumerate()[:, :21].sum(1) == 1)[0])
    pixels, widths = 32 * 32, [(128, 128), (128, 256), (256, 512)]
    multiplications = pixels * 27 * 128
    for stack, (wide_in, wide_out) in enumerate(widths):
        multiplications += pixels // 4**stack * (wide_in * wide_out + 2 * wide_out**2)
    multiplications += 512 * 10
    (counted,) = naswt_correlations._flops(NB101, table, np.array([smallest]))
    assert counted == 2 * multiplications  # and as many additions


def test_correlations_are_told_beside_published_ones(
    published: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naswt_correlations, "_flops", lambda _space, _table, cells: cells.astype(float))
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{published('nats_tss.parquet').parent}:{OWN_SCORES}")
    rows = list(naswt_correlations.rows())
    page = naswt_correlations.as_markdown(rows)
    assert len(rows) == 3 * (6 + 1)
    own = {(row.space, row.metric): row.kendall for row in rows if row.guide == "NASWT"}
    for (_, metric), tau in own.items():
        if (published_tau := naswt_correlations.PUBLISHED.get(metric)) is not None:
            assert published_tau - 0.05 < tau < published_tau + 0.1
    assert len(naswt_correlations.PUBLISHED) == 4
    assert "| nats-tss | cifar10/ori-test/200 | NASWT | 15,625 |" in page


def test_the_best_of_n_by_score(published: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naswt_best_of_n, "SIZES", (10, 100))
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{published('nats_tss.parquet').parent}:{OWN_SCORES}")
    config = naswt_best_of_n.Config(runs=60)
    rows = naswt_best_of_n.ours(config)
    accuracy = {name: float(text.split(" | ")[1].split("±")[0]) for name, text in rows.items()}
    assert accuracy["random cell"] < accuracy["NASWT, N=10"] < accuracy["best of 10 by accuracy"]
    assert accuracy["NASWT, N=100"] == pytest.approx(92.81, abs=0.6)
    assert accuracy["best of 10 by accuracy"] == pytest.approx(93.06, abs=0.3)
