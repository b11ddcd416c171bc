"""What a larger batch does for NASWT, scored, stored and judged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import naswt_batch_sizes
from experiments.dervisi_study.batch_sizes import by_batch, larger_batches_do_not_always_help
from experiments.naswt_batch_sizes import Config, read, scored, stratified_by_accuracy
from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.fitness.score_store import score_tables
from nasbench_ga.statistics import rank_correlation


def scores(noise: dict[int, float], benchmark: str = "nats-tss") -> pd.DataFrame:
    """Scores that rank 200 networks the worse the more noise there is, which seeds and batches share."""
    rng = np.random.default_rng(0)
    accuracy, shared = np.sort(rng.uniform(60, 90, 200)), rng.normal(0, 1, 200)
    return pd.DataFrame(
        [
            (
                benchmark,
                network,
                "cell",
                accuracy[network],
                batch,
                seed,
                accuracy[network] + width * shared[network],
                0.1,
            )
            for batch, width in noise.items()
            for seed in range(2)
            for network in range(200)
        ],
        columns=list(naswt_batch_sizes.COLUMNS),
    )


@pytest.mark.parametrize(
    ("noise", "verdict"),
    [
        ({8: 5, 16: 5.2, 32: 5.1}, "holds"),
        ({8: 40, 16: 10, 32: 10.2}, "holds"),
        ({8: 200, 16: 10, 32: 1}, "does not hold"),
        ({8: 10, 16: 40}, "holds"),
    ],
)
def test_one_doubling_that_does_not_help_is_enough(noise: dict[int, float], verdict: str) -> None:
    conclusion = larger_batches_do_not_always_help(scores(noise), resamples=100)
    assert str(conclusion.ruling) == f"{verdict} (without nb101)"
    assert conclusion.ruling.verdicts == {"nats-tss": verdict}


def test_a_change_as_small_as_its_error_shows_nothing() -> None:
    few = scores({8: 20, 16: 18}).query("network % 10 == 0")
    assert few["network"].nunique() == 20
    assert larger_batches_do_not_always_help(few, resamples=100).ruling.verdict == "not shown"


def test_without_scores_nothing_is_examined() -> None:
    conclusion = larger_batches_do_not_always_help(None)
    assert (str(conclusion.ruling), conclusion.ruling.verdicts) == ("not examined", {})
    assert "naswt_batch_sizes" in conclusion.page.blocks[-1].text


def test_tau_is_that_of_each_seed_and_size() -> None:
    rows = scores({16: 10, 8: 30}).sample(frac=1, random_state=0)
    rows.loc[rows["network"] < 7, "score"] = -np.inf
    found = by_batch("nats-tss", rows, resamples=2)
    assert found.sizes.tolist() == [8, 16]
    assert found.singular.tolist() == [14, 14]
    for place, size in enumerate(found.sizes):
        for seed in range(2):
            own = rows[(rows["batch"] == size) & (rows["seed"] == seed)]
            assert found.by_seed[seed, place] == pytest.approx(rank_correlation(own["score"], own["accuracy"]).kendall)


def test_what_seeds_change_is_in_the_error() -> None:
    rows = scores({8: 5, 16: 5})
    alike, spoiled = by_batch("nats-tss", rows, 200), rows.copy()
    unlucky = (spoiled["seed"] == 1) & (spoiled["batch"] == 16)
    spoiled.loc[unlucky, "score"] = np.random.default_rng(3).normal(size=unlucky.sum())
    differing = by_batch("nats-tss", spoiled, 200)
    change = [np.ptp(np.quantile(np.diff(own.resampled), [0.025, 0.975])) for own in (alike, differing)]
    assert change[0] == 0  # both sizes see the same networks and the same seeds
    assert change[1] > 0.9 * np.ptp(differing.by_seed[:, 1])  # as both seeds may be drawn twice


@pytest.mark.parametrize("damage", [lambda rows: rows.iloc[:-1], lambda rows: pd.concat([rows, rows.iloc[:1]])])
def test_scores_that_lack_a_combination_are_refused(damage: Callable, tmp_path: Path) -> None:
    damaged = damage(scores({8: 1, 16: 1}))
    with pytest.raises(CorruptFileError, match="of the 800 combinations of network, batch and seed of nats-tss"):
        by_batch("nats-tss", damaged, 2)
    damaged.to_parquet(tmp_path / "scores.parquet")
    with pytest.raises(CorruptFileError, match=r"scores\.parquet has .* makes it anew"):
        read(tmp_path / "scores.parquet")


def test_networks_are_drawn_from_each_stratum() -> None:
    networks, accuracy = np.arange(1000), np.random.default_rng(0).permutation(1000).astype(float)
    chosen = accuracy[stratified_by_accuracy(networks, accuracy, 100)]
    assert (chosen // 10).tolist() == list(range(100))
    with pytest.raises(NasbenchError, match="Expected 2 to 5 networks"):
        stratified_by_accuracy(networks[:5], accuracy[:5], 6)


def test_networks_are_scored_once(
    images_folder: Path, published: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published("nb101_108.parquet")
    tables = published("nats_tss.parquet").parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASBENCH_GA_DATA", f"{tables}:{images_folder}")
    config = Config(networks=2, batch_sizes=(2, 4), seeds=2, store=tmp_path / "store", benchmarks=("nats-tss",))
    first = scored(config)
    assert len(first) == 2 * 2 * 2
    assert first.groupby(["batch", "seed"])["network"].nunique().tolist() == [2] * 4
    monkeypatch.setattr("nasbench_ga.fitness.NASWT._score", lambda *_: pytest.fail("scored again"))
    pd.testing.assert_frame_equal(scored(config), first)


def test_what_was_written_is_no_table_of_scores_and_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / naswt_batch_sizes.OUT
    path.parent.mkdir(parents=True)
    scores({8: 1}).to_parquet(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NASBENCH_GA_DATA", raising=False)
    assert list(score_tables()) == []
    assert len(read(path)) == 400
    assert read(tmp_path / "nothing") is None
    path.write_bytes(b"damaged")
    with pytest.raises(CorruptFileError, match="makes it anew"):
        read(path)
