"""(a) NAS-EA-FA V2 narrows the space searched: the last cells that it evaluates are more alike than the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from experiments.dervisi_study import arms
from experiments.dervisi_study.evidence import (
    Conclusion,
    Evidence,
    a12,
    evidence_table,
    in_full,
    judged,
    opening,
    ruling,
    told,
)
from experiments.dervisi_study.found import Benchmarks, Found, Spread, by_arm
from nasbench_ga.pages import Heading, Notes, Page, Table
from nasbench_ga.statistics import Sample, hodges_lehmann, mann_whitney, vargha_delaney, wilcoxon

SENTENCE = "NAS-EA-FA V2 narrows the space searched"
RULE = (
    "In each run of NAS-EA-FA V2 (XGBoost, accuracy) the cells of the last cycle are held against those of the "
    "first, random one: the interquartile range of the accuracy searched on, and the mean Hamming distance of two "
    "of their feature vectors (Wilcoxon's signed-rank test of the runs); a cell that a cycle evaluated more than once "
    "counts once. It holds on a benchmark where both are "
    "shown to shrink, and in part where one is. Last is the last cycle with at least half of the K + H evaluations "
    "of a full one."
)
Measure = Literal["range", "distance"]
MEASURES: dict[Measure, tuple[str, str]] = {
    "range": ("the range of accuracies shrinks", "%"),
    "distance": ("cells come to lie closer together", "bits"),
}


@dataclass(frozen=True)
class Ends:
    """The first and the last generation of each run that are compared."""

    first: list[Spread]
    last: list[Spread]

    def of(self, measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A measure at both ends, each shape (runs,)."""
        first, last = ([float(getattr(own, measure)) for own in end] for end in (self.first, self.last))
        return np.array(first), np.array(last)


def narrows_the_space(found: Benchmarks) -> Conclusion:
    """NAS-EA-FA V2 narrows the space searched."""
    searched = by_arm(found, arms.V2_ACCURACY)
    evidence = judged(shrinks(own, measure) for own in searched for measure in MEASURES)
    ruled = ruling(evidence, map(str, arms.BENCHMARKS), len(MEASURES))
    beside = [
        shrinks_more(own, found[own.benchmark][arms.GA_ACCURACY], measure)
        for own in searched
        if arms.GA_ACCURACY in found[own.benchmark]
        for measure in MEASURES
    ]
    further = judged(
        [shrinks(own, measure, top_only=True) for own in searched for measure in MEASURES]
        + [own for own in beside if isinstance(own, Evidence)]
    )
    ratios = [f"{own.benchmark}: {_ratio(own, 'range')} and {_ratio(own, 'distance')}" for own in searched]
    page = Page(
        "Does NAS-EA-FA V2 narrow the space searched?",
        (
            *opening(SENTENCE, ruled, RULE),
            evidence_table(
                evidence, "The tests that decide. Numbers: medians over runs, from the first to the last cycle."
            ),
            Heading("Without the farthest, and beside the genetic algorithm"),
            evidence_table(
                further,
                "These do not decide. Each cycle also evaluates H cells because they are far from everything "
                "known, which widens what is searched on purpose; without them the K best predicted are left. The "
                "genetic algorithm is held against V2 after as many evaluations: the shares that are left of its "
                "first generation's range and distance against those of V2 (Mann-Whitney's test; A12 is how often "
                "more is left of the GA's).",
            ),
            Heading("How good the evaluated cells are"),
            _best_cells(found),
            Notes(
                (
                    (
                        "The interquartile range tells how different the accuracies are, the distance how different "
                        "the cells are; a search may narrow one and not the other."
                    ),
                    (
                        "On nats-tss-graph most random genotypes are one of few cells, so that the first cycles have "
                        "fewer than K + H new cells to evaluate, and more cycles fit into the budget."
                    ),
                    *(why for why in beside if isinstance(why, str)),
                ),
                "To keep in mind",
            ),
            in_full([*evidence, *further], "Every test in words"),
        ),
    )
    left = f"what is left of range and distance: {'; '.join(ratios)}"
    numbers = f"{told(evidence)}; {left}" if ratios else "no runs"
    return Conclusion("a", SENTENCE, "narrows-the-space", ruled, numbers, page)


def shrinks(own: Found, measure: Measure, top_only: bool = False) -> Evidence:
    """Whether a measure of the evaluated cells is lower in the last cycle than in the first."""
    first, last = ends(own, top_only).of(measure)
    before, after = Sample("the first cycle", first), Sample("the last cycle", last)
    claim, unit = MEASURES[measure]
    shift = hodges_lehmann(after, before, paired=True)
    return Evidence(
        where=str(own.benchmark),
        claim=f"{claim}{' (best predicted only)' if top_only else ''}",
        test=wilcoxon(after, before),
        favour=-shift.value,
        said=f"{before.median:.3g} → {after.median:.3g} {unit}; {a12(vargha_delaney(after, before))}",
    )


def shrinks_more(own: Found, genetic: Found, measure: Measure) -> Evidence | str:
    """Whether less is left of a measure in NAS-EA-FA than in the genetic algorithm after as many evaluations.

    Returns:
        The test; or why there is none, in a sentence.
    """
    pairs = {"V2": ends(own), "GA": _ends_of(genetic, own)}
    shares = {name: left_of(pair, measure) for name, pair in pairs.items()}
    without = {name: len(pairs[name].first) - len(share) for name, share in shares.items()}
    claim = f"{MEASURES[measure][0]} more than in the GA"
    nothing = ", ".join(
        f"{count} of {len(pairs[name].first)} runs of {name}" for name, count in without.items() if count
    )
    if min(map(len, shares.values())) < 2:
        return f"{own.benchmark}, {claim}: not tested, as there was nothing to shrink at first in {nothing}."
    left, compared = (Sample(name, share) for name, share in shares.items())
    effect = vargha_delaney(compared, left)
    said = f"{left.median:.2f} of it left, GA {compared.median:.2f}; {a12(effect)}"
    return Evidence(
        where=str(own.benchmark),
        claim=claim,
        test=mann_whitney(left, compared),
        favour=effect.value - 0.5,
        said=f"{said}; without {nothing}, with nothing to shrink at first" if nothing else said,
    )


def left_of(pair: Ends, measure: str) -> NDArray[np.float64]:
    """The share of a measure that is left at the end, of the runs in which it was not nothing at first."""
    first, last = pair.of(measure)
    return last[first > 0] / first[first > 0]


def ends(own: Found, top_only: bool = False) -> Ends:
    """The first cycle of each run, and the last one that is at least half full."""
    sizes = own.arm.nas_ea_fa.sizes
    return _ends(
        own.top_spreads if top_only else own.spreads, own.spreads, lambda s: 2 * s.cells >= sizes.top + sizes.farthest
    )


def _ends_of(genetic: Found, beside: Found) -> Ends:
    """The first generation of each run of the GA, and the last that had cost no more than another search."""
    return _ends(genetic.spreads, genetic.spreads, lambda own: own.spent <= beside.spent)


def _ends(
    shown: Sequence[Sequence[Spread]], judged_by: Sequence[Sequence[Spread]], counts: Callable[[Spread], bool]
) -> Ends:
    """The first of each run, and its last that counts (the first itself, if no other does)."""
    last = []
    for run, judge in zip(shown, judged_by, strict=True):
        counting = [number for number, own in enumerate(judge) if counts(own)]
        last.append(run[counting[-1] if counting else 0])
    return Ends([run[0] for run in shown], last)


def _ratio(own: Found, measure: str) -> str:
    left = left_of(ends(own), measure)
    return f"{np.median(left):.2f}" if len(left) else "–"


def _best_cells(found: Benchmarks) -> Table:
    """How many of the evaluated cells are among the table's best, at both ends of both searches."""
    rows = []
    for own in by_arm(found, arms.V2_ACCURACY):
        kinds = [("V2, all", ends(own)), ("V2, best predicted", ends(own, top_only=True))]
        if genetic := found[own.benchmark].get(arms.GA_ACCURACY):
            kinds.append(("GA", _ends_of(genetic, own)))
        for kind, pair in kinds:
            first, last = pair.of("best")
            rows.append((str(own.benchmark), kind, str(len(first)), f"{first.mean():.1%}", f"{last.mean():.1%}"))
    return Table(
        ("benchmark", "evaluated by", "runs", "first", "last"),
        tuple(rows),
        "The share of the different cells evaluated that is in the table's best 1 % by the accuracy searched on, "
        "mean over runs.",
        numeric=(2, 3, 4),
    )
