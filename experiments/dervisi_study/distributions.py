"""(d) GA and NAS-EA-FA V2 results come from different distributions, whatever the fitness."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.dervisi_study import arms
from experiments.dervisi_study.evidence import (
    Conclusion,
    Evidence,
    a12,
    evidence_table,
    in_full,
    judged,
    number,
    opening,
    ruling,
    told,
)
from experiments.dervisi_study.found import Benchmarks, Found
from nasbench_ga.pages import Heading, Notes, Page
from nasbench_ga.statistics import kolmogorov_smirnov, mann_whitney, p_in_short, vargha_delaney

SENTENCE = "GA and NAS-EA-FA V2 results come from different distributions, whatever the fitness"
RULE = (
    "Compared is the test accuracy of the cells that the runs of the genetic algorithm and of NAS-EA-FA V2 "
    "(XGBoost) chose, by accuracy and by NASWT, at the published budgets of 10,000 and 500 evaluations "
    "(Kolmogorov-Smirnov's test). It holds on a benchmark where they are shown to differ by both fitnesses. No test "
    "shows that two distributions are the same, so that this conclusion can be not shown, but never shown not to hold."
)
FITNESSES = {"accuracy": (arms.GA_ACCURACY, arms.V2_ACCURACY), "NASWT": (arms.GA_NASWT, arms.V2_NASWT)}


def come_from_different_distributions(found: Benchmarks) -> Conclusion:
    """GA and NAS-EA-FA V2 results come from different distributions, whatever the fitness."""
    evidence = judged(differ(ga, v2, fitness) for fitness, ga, v2 in _pairs(found))
    equal = judged(differ(ga, v2, fitness, min(ga.spent, v2.spent)) for fitness, ga, v2 in _pairs(found))
    ruled = ruling(evidence, map(str, arms.BENCHMARKS), len(FITNESSES))
    page = Page(
        "Do GA and NAS-EA-FA V2 results come from different distributions?",
        (
            *opening(SENTENCE, ruled, RULE),
            evidence_table(
                evidence,
                "The tests that decide, at the published budgets. Numbers: the largest distance D of the "
                "distribution functions; median test accuracies in per cent, GA and V2; A12, how often a run of "
                "the GA is higher; p of Mann-Whitney's test, uncorrected.",
            ),
            Heading("At as many evaluations"),
            evidence_table(
                equal,
                "The same after as many evaluations of the GA as V2 may spend. These do not decide; they tell whether "
                f"the searches differ or their budgets: {told(equal)}, and {told(evidence)} above.",
            ),
            Notes(
                (
                    "That two sets of runs are not shown to differ is not to say that they are the same.",
                    "Runs that end at one of few cells tie; the test then errs on the careful side.",
                ),
                "To keep in mind",
            ),
            in_full([*evidence, *equal], "Every test in words"),
        ),
    )
    numbers = f"{told(evidence)}; at as many evaluations {told(equal)}"
    return Conclusion("d", SENTENCE, "different-distributions", ruled, numbers, page)


def differ(genetic: Found, v2: Found, fitness: str, evaluations: int | None = None) -> Evidence:
    """Whether what the two searches found comes from different distributions."""
    first, second = genetic.sample("test", evaluations), v2.sample("test", evaluations)
    test, effect = kolmogorov_smirnov(first, second), vargha_delaney(first, second)
    return Evidence(
        where=str(genetic.benchmark),
        claim=f"by {fitness}: different distributions",
        test=test,
        favour=test.statistic,
        said=(
            f"D {test.statistic:.2f}; {number(first.median)} and {number(second.median)}; {a12(effect)}; "
            f"Mann-Whitney p {p_in_short(mann_whitney(first, second).p_value)}"
        ),
    )


def _pairs(found: Benchmarks) -> Iterator[tuple[str, Found, Found]]:
    for ran in found.values():
        for fitness, (genetic, v2) in FITNESSES.items():
            if genetic in ran and v2 in ran:
                yield fitness, ran[genetic], ran[v2]
