"""(c) A larger NASWT batch does not always help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from experiments.dervisi_study.arms import BENCHMARKS
from experiments.dervisi_study.evidence import (
    Conclusion,
    Evidence,
    any_of,
    bootstrapped_test,
    evidence_table,
    in_full,
    judged,
    kendall,
    opening,
    ruling,
)
from experiments.naswt_batch_sizes import check_every_combination
from nasbench_ga.figures.style import WIDTH, legend, looks, styled
from nasbench_ga.pages import Block, Heading, Notes, Page, Paragraph, Picture, Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SENTENCE = "a larger NASWT batch does not always help"
HELPS = 0.02
RESAMPLES = 1000
RULE = (
    "The same networks, spread evenly over all accuracies, are scored with batches of different sizes by several "
    "seeds. What counts is Kendall's tau of score and test accuracy, its mean over seeds. A doubling of the batch "
    f"helps if it raises tau by at least {HELPS}; that it does not is shown where the change lies below that, by "
    "its standard error over bootstrap resamples, each of networks and of seeds (the same for all sizes), as another "
    "seed is other images and other weights (Owen, The pigeonhole bootstrap, 2007). It holds on a benchmark where at "
    "least one doubling is shown not to help."
)


@dataclass(frozen=True)
class ByBatch:
    """What scores of one benchmark's networks are worth, by the size of the batch.

    Attributes:
        benchmark: whose networks.
        networks: how many.
        seeds: of each.
        sizes: of batches, ascending, shape (sizes,).
        tau: mean over seeds, shape (sizes,).
        by_seed: shape (seeds, sizes).
        resampled: the same as `tau` of each bootstrap resample of networks and seeds, shape (resamples, sizes).
        seconds: a network, median over networks and seeds, shape (sizes,).
        singular: networks whose score is minus infinity, over all seeds, shape (sizes,).
    """

    benchmark: str
    networks: int
    seeds: int
    sizes: NDArray[np.int64]
    tau: NDArray[np.float64]
    by_seed: NDArray[np.float64]
    resampled: NDArray[np.float64]
    seconds: NDArray[np.float64]
    singular: NDArray[np.int64]

    def interval(self, drawn: NDArray[np.float64]) -> tuple[float, float]:
        """The 95 % interval of what each resample gives."""
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(low), float(high)


def larger_batches_do_not_always_help(scores: pd.DataFrame | None, resamples: int = RESAMPLES) -> Conclusion:
    """A larger NASWT batch does not always help."""
    studied = (
        [] if scores is None else [by_batch(str(name), own, resamples) for name, own in scores.groupby("benchmark")]
    )
    evidence = judged(does_not_help(own, place) for own in studied for place in range(1, len(own.sizes)))
    ruled = ruling(evidence, dict.fromkeys(benchmark.table for benchmark in BENCHMARKS), 1, any_of)
    blocks: list[Block] = opening(SENTENCE, ruled, RULE)
    if studied:
        blocks += _numbers(studied, evidence)
    else:
        blocks.append(
            Paragraph("There are no scores by batch size; `python experiments/naswt_batch_sizes.py` computes them.")
        )
    not_helping = [f"{own.where} {own.claim.split(' does')[0]}" for own in evidence if own.outcome == "shown"]
    numbers = f"{len(not_helping)} of {len(evidence)} doublings shown not to help" + (
        f": {', '.join(not_helping)}" if not_helping else ""
    )
    page = Page("Does a larger NASWT batch help?", tuple(blocks))
    return Conclusion("c", SENTENCE, "naswt-batch", ruled, numbers if studied else "no scores", page)


def does_not_help(own: ByBatch, place: int) -> Evidence:
    """Whether a batch raises tau by less than what counts, beside the next smaller one."""
    change = float(own.tau[place] - own.tau[place - 1])
    drawn = own.resampled[:, place] - own.resampled[:, place - 1]
    low, high = own.interval(drawn)
    step = f"{own.sizes[place - 1]} → {own.sizes[place]}"
    return Evidence(
        own.benchmark,
        f"{step} does not help",
        bootstrapped_test(
            change, drawn, HELPS, own.networks, f"the change of tau ({step} images) differs from {HELPS}"
        ),
        HELPS - change,
        f"tau {own.tau[place - 1]:.3f} → {own.tau[place]:.3f}, change {change:+.3f} ({low:+.3f} to {high:+.3f})",
    )


def by_batch(benchmark: str, scores: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> ByBatch:
    """Reads the scores of one benchmark: one row a network, batch and seed.

    Raises:
        CorruptFileError: they do not have each network with each batch and seed.
    """
    check_every_combination(scores, "The table of scores by batch size")
    whole = scores.sort_values(["seed", "batch", "network"])
    seeds, sizes, networks = (np.unique(whole[column]) for column in ("seed", "batch", "network"))
    shape = (len(seeds), len(sizes), len(networks))
    score, seconds = (whole[column].to_numpy().reshape(shape) for column in ("score", "seconds"))
    accuracy = whole["accuracy"].to_numpy()[: len(networks)]
    rng = np.random.default_rng(seed)
    draws = [[rng.integers(n, size=n) for n in (len(seeds), len(networks))] for _ in range(resamples)]
    by_seed = _taus(score, accuracy)
    return ByBatch(
        benchmark,
        len(networks),
        len(seeds),
        sizes,
        by_seed.mean(0),
        by_seed,
        np.array([_taus(score[drawn][..., rows], accuracy[rows]).mean(0) for drawn, rows in draws]),
        np.median(seconds, axis=(0, 2)),
        np.isneginf(score).sum((0, 2)),
    )


def _taus(score: NDArray[np.float64], accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kendall's tau of scores, shape (seeds, sizes, networks), and accuracy; shape (seeds, sizes)."""
    return np.array([[kendall(own, accuracy) for own in seed] for seed in score])


def _numbers(studied: Sequence[ByBatch], evidence: Sequence[Evidence]) -> list[Block]:
    return [
        evidence_table(
            evidence, "The tests that decide: each doubling, with the 95 % bootstrap interval of its change."
        ),
        Heading("Tau and time by batch size"),
        Table(
            (
                "benchmark",
                "images",
                "networks × seeds",
                "tau",
                "lowest and highest seed",
                "singular",
                "seconds a network",
            ),
            tuple(row for own in studied for row in _rows(own)),
            "Mean of tau over seeds with its 95 % bootstrap interval over networks and seeds; how many matrices were "
            "singular, so that the network ranks last; the median of seconds, measured when a network was scored.",
            numeric=(1, 2, 3, 4, 5, 6),
        ),
        Picture(
            "naswt-batch",
            _figure(studied),
            "Kendall's tau of score and accuracy by batch size: the mean over seeds, its 95 % interval, and each seed.",
        ),
        Notes(
            (
                "The time of a score grows with its batch, so that a doubling that does not help is paid for in vain.",
                (
                    f"There are only {_listed({own.seeds for own in studied})} seeds: resamples of so few tell how "
                    "much seeds differ but roughly, and rather too little (of a single one nothing)."
                ),
            ),
            "To keep in mind",
        ),
        in_full(evidence),
    ]


def _listed(numbers: set[int]) -> str:
    return " and ".join(map(str, sorted(numbers)))


def _rows(own: ByBatch) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for place, size in enumerate(own.sizes):
        low, high = own.interval(own.resampled[:, place])
        seeds = own.by_seed[:, place]
        rows.append(
            (
                own.benchmark,
                str(size),
                f"{own.networks} × {own.seeds}",
                f"{own.tau[place]:.3f} ({low:.3f} to {high:.3f})",
                f"{seeds.min():.3f}, {seeds.max():.3f}",
                str(own.singular[place]),
                f"{own.seconds[place]:.2g}",
            )
        )
    return rows


@styled()
def _figure(studied: Sequence[ByBatch]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes, look = figure.subplots(), looks([own.benchmark for own in studied])
    for own in studied:
        style = look[own.benchmark]
        low, high = np.quantile(own.resampled, [0.025, 0.975], axis=0)
        axes.fill_between(own.sizes, low, high, color=style.color, alpha=0.2, linewidth=0)
        axes.plot(own.sizes, own.tau, color=style.color, linewidth=2, marker="o", label=own.benchmark)
        axes.plot(own.sizes, own.by_seed.T, color=style.color, linewidth=0.6, alpha=0.6)
    axes.set_xscale("log", base=2)
    ticks = np.unique(np.concatenate([own.sizes for own in studied])).tolist()
    axes.set_xticks(ticks, [str(size) for size in ticks])
    axes.set_xlabel("images in a batch")
    axes.set_title("Kendall's tau of score and accuracy")
    legend(figure)
    return figure
