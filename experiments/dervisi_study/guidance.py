"""(b) NASWT guides to good cells, but cannot tell the best from the good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

import nasbench_ga as ng
from experiments.dervisi_study import arms
from experiments.dervisi_study.arms import Benchmark
from experiments.dervisi_study.evidence import (
    Conclusion,
    Evidence,
    a12,
    bootstrapped_test,
    evidence_table,
    in_full,
    judged,
    kendall,
    number,
    opening,
    ruling,
    told,
)
from experiments.dervisi_study.found import Benchmarks, Found
from experiments.naswt_scores import scored_cells
from nasbench_ga import figures
from nasbench_ga.pages import Heading, Notes, Page, Picture, Table
from nasbench_ga.statistics import (
    Sample,
    hodges_lehmann,
    mann_whitney,
    vargha_delaney,
    wilcoxon,
)
from nasbench_ga.tables import choose_objective

SENTENCE = "NASWT guides to good cells, but cannot tell the best from the good"
RULE = (
    "It guides if the cells that the searches by NASWT choose have a higher test accuracy than the median cell of "
    "the table (Wilcoxon's signed-rank test). It cannot tell the best from the good if Kendall's tau of score and "
    "test accuracy is lower within the best 10 % of the cells than over all (bootstrap over cells), and if the "
    "searches by NASWT find less than the same searches by accuracy do (Mann-Whitney's test). It holds on a "
    "benchmark where all of that is shown."
)
BEST = 0.1
RESAMPLES = 200
NASWT, PARAMETERS, EARLY_ACCURACY = "NASWT", "parameters", "accuracy after 12 epochs"
CLAIMS = 5
"""Two searches guide, scores lose sight of the best, and two searches find less."""
PAIRS = ((arms.GA_NASWT, arms.GA_ACCURACY), (arms.V2_NASWT, arms.V2_ACCURACY))


@dataclass(frozen=True)
class Agreement:
    """How a guide ranks cells, over all of them and within the best tenth by accuracy.

    Attributes:
        guide: what ranks.
        cells: how many there are.
        best_cells: how many are within the best tenth.
        everywhere: Kendall's tau over all.
        best: within the best tenth.
        resampled: both of each bootstrap resample of the cells, shape (resamples, 2).
    """

    guide: str
    cells: int
    best_cells: int
    everywhere: float
    best: float
    resampled: NDArray[np.float64]

    def interval(self, column: int | None) -> str:
        """The 95 % bootstrap interval of one of the two, or of their difference."""
        drawn = self.resampled[:, 0] - self.resampled[:, 1] if column is None else self.resampled[:, column]
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        return f"({low:.3f} to {high:.3f})"


@dataclass(frozen=True)
class Ranked:
    """Cells with a score: what it and other guides say of them, and their test accuracy.

    Attributes:
        guides: by name, each shape (n,).
        accuracy: per cent, shape (n,).
    """

    guides: dict[str, NDArray[np.float64]]
    accuracy: NDArray[np.float64]


def naswt_guides(found: Benchmarks, resamples: int = RESAMPLES) -> Conclusion:
    """NASWT guides to good cells, but cannot tell the best from the good."""
    ranked = {benchmark: ranked_cells(benchmark) for benchmark in found}
    agreements = {
        benchmark: [agreement(guide, scores, own.accuracy, resamples) for guide, scores in own.guides.items()]
        for benchmark, own in ranked.items()
    }
    evidence = judged(
        own
        for benchmark, ran in found.items()
        for own in (
            *(guides_to_good_cells(ran[name]) for name, _ in PAIRS if name in ran),
            loses_sight_of_the_best(benchmark, agreements[benchmark][0]),
            *(finds_less_than(ran[name], ran[other]) for name, other in PAIRS if name in ran and other in ran),
        )
    )
    ruled = ruling(evidence, map(str, arms.BENCHMARKS), CLAIMS)
    random = judged(
        finds_less_than(ran[name], ran[arms.RANDOM])
        for ran in found.values()
        for name, _ in PAIRS
        if name in ran and arms.RANDOM in ran
    )
    page = Page(
        "Does NASWT guide to good cells, and can it tell the best of them?",
        (
            *opening(SENTENCE, ruled, RULE),
            evidence_table(evidence, "The tests that decide; accuracies are test accuracies in per cent, medians."),
            Heading("Beside random search by accuracy"),
            evidence_table(
                random, "These do not decide: random search with 10,000 evaluations by accuracy is the control."
            ),
            Heading("How well scores rank cells"),
            _agreement_table(agreements),
            *_pictures(ranked),
            Notes(
                (
                    (
                        "Within the best tenth any guide that errs at all ranks worse than over all cells, as the "
                        "differences that it has to see are smaller. The number of parameters and, where it was "
                        "published, the validation accuracy after 12 epochs are there to tell how much of the loss is "
                        "NASWT's own."
                    ),
                    (
                        "Scores are of one batch of 128 CIFAR-10 images and one initialisation. Of nats-tss all 15,625 "
                        "cells are ranked, also those that nats-tss-graph cannot express; of nb101 a stratified sample."
                    ),
                    (
                        "The bootstrap draws cells as if those at hand were a sample of many more like them, also of "
                        "nats-tss, of which all are known."
                    ),
                ),
                "To keep in mind",
            ),
            in_full([*evidence, *random], "Every test in words"),
        ),
    )
    taus = [
        f"{benchmark}: tau {own[0].everywhere:.2f}, best tenth {own[0].best:.2f}"
        for benchmark, own in agreements.items()
    ]
    return Conclusion("b", SENTENCE, "naswt-guides", ruled, f"{told(evidence)}; {'; '.join(taus)}", page)


def guides_to_good_cells(own: Found) -> Evidence:
    """Whether the cells that a search by NASWT chose are better than the median cell."""
    chosen = own.sample("test")
    median = float(np.nanmedian(ng.open_table(own.benchmark.table).values(own.test)))
    cell = Sample("the median cell", np.full(len(chosen), median))
    shift = hodges_lehmann(chosen, cell, paired=True)
    return Evidence(
        str(own.benchmark),
        f"{own.arm.title}: chooses better cells than the median one",
        wilcoxon(chosen, cell),
        shift.value,
        f"{number(chosen.median)} v {number(median)}; {np.mean(chosen.values > median):.0%} of runs above",
    )


def finds_less_than(own: Found, by_accuracy: Found) -> Evidence:
    """Whether the cells that a search by NASWT chose are worse than those that a search by accuracy did."""
    chosen, better = own.sample("test"), by_accuracy.sample("test")
    effect = vargha_delaney(better, chosen)
    return Evidence(
        str(own.benchmark),
        f"{chosen.name}: finds less than {better.name}",
        mann_whitney(chosen, better),
        effect.value - 0.5,
        f"{number(chosen.median)} v {number(better.median)}, difference {number(chosen.median - better.median)}; "
        f"{a12(effect)}",
    )


def loses_sight_of_the_best(benchmark: Benchmark, own: Agreement) -> Evidence:
    """Whether NASWT ranks cells worse within the best tenth than over all."""
    lost = own.everywhere - own.best
    drawn = own.resampled[:, 0] - own.resampled[:, 1]
    return Evidence(
        str(benchmark),
        "ranks worse within the best tenth",
        bootstrapped_test(
            lost, drawn, 0.0, own.cells, "Kendall's tau over all cells differs from that in the best tenth"
        ),
        lost,
        f"tau {own.everywhere:.3f} → {own.best:.3f}, difference {lost:.3f} {own.interval(None)}",
    )


def agreement(
    guide: str, scores: NDArray[np.float64], accuracy: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0
) -> Agreement:
    """How a guide ranks cells by accuracy, over all of them and within the best tenth.

    Args:
        guide: its name.
        scores: that it gives, shape (n,); minus infinity ranks last.
        accuracy: of the same cells, shape (n,).
        resamples: of the bootstrap, which draws cells; each draw has a best tenth of its own.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    n = len(scores)
    drawn = (rng.integers(n, size=n) for _ in range(resamples))
    resampled = np.array([_taus(scores[rows], accuracy[rows]) for rows in drawn])
    return Agreement(guide, n, int(_in_best(accuracy).sum()), *_taus(scores, accuracy), resampled)


def _taus(scores: NDArray[np.float64], accuracy: NDArray[np.float64]) -> tuple[float, float]:
    best = _in_best(accuracy)
    return kendall(scores, accuracy), kendall(scores[best], accuracy[best])


def _in_best(accuracy: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(accuracy >= np.quantile(accuracy, 1 - BEST))


@cache
def ranked_cells(benchmark: Benchmark) -> Ranked:
    """The cells of a benchmark whose networks have a score: all of nats-tss, a stratified sample of nb101.

    Raises:
        NasbenchError: no table of scores is here.
    """
    space, table = ng.get_space(benchmark.table), ng.open_table(benchmark.table)
    cells, scores = scored_cells(space)
    objective = choose_objective(table, benchmark.dataset)
    parameters = space.parameters(space.genotypes_of(cells)).astype(np.float64)
    guides = {NASWT: scores, PARAMETERS: parameters}
    early = objective.search.replace("/200", "/12")
    if early.endswith("/12") and early in table:
        guides[EARLY_ACCURACY] = table.lookup(cells, early)
    return Ranked(guides, table.lookup(cells, objective.test))


def _agreement_table(agreements: dict[Benchmark, list[Agreement]]) -> Table:
    rows = tuple(
        (
            str(benchmark),
            own.guide,
            f"{own.cells:,}",
            f"{own.everywhere:.3f} {own.interval(0)}",
            f"{own.best_cells:,}",
            f"{own.best:.3f} {own.interval(1)}",
            f"{own.everywhere - own.best:.3f} {own.interval(None)}",
        )
        for benchmark, guides in agreements.items()
        for own in guides
    )
    return Table(
        ("benchmark", "guide", "cells", "tau", "in the best tenth", "tau there", "difference"),
        rows,
        "Kendall's tau of each guide and the test accuracy, with 95 % bootstrap intervals.",
        numeric=(2, 3, 4, 5, 6),
    )


def _pictures(ranked: dict[Benchmark, Ranked]) -> Iterator[Picture]:
    """Scores and accuracies of each table, of its first data set: of all cells, and of the best tenth."""
    first = {benchmark.table: benchmark for benchmark in reversed(ranked)}
    for table, benchmark in reversed(first.items()):
        own = ranked[benchmark]
        best = _in_best(own.accuracy)
        for kind, cells, which in (
            ("", np.ones_like(best), "each cell"),
            ("-best", best, "each cell of the best tenth"),
        ):
            labels = ("NASWT score", f"test accuracy, {benchmark.dataset} (%)")
            figure = figures.agreement(own.guides[NASWT][cells], own.accuracy[cells], *labels)
            yield Picture(
                f"naswt-{table}{kind}", figure, f"{table}, {benchmark.dataset}: score and accuracy of {which}."
            )
