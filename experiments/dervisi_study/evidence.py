"""From tests to verdicts: what each of them says of a claim, and what they say of a conclusion together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.pages import Block, Details, Page, Paragraph, Table
from nasbench_ga.statistics import EffectSize, HypothesisTest, Sample, corrected, p_in_short, rank_correlation

LEVEL = 0.05
FEWEST = 20
"""Things of which a bootstrap tells anything."""
Outcome = Literal["shown", "the contrary is shown", "not shown"]
Verdict = Literal["holds", "holds in part", "does not hold", "not shown", "not examined"]


@dataclass(frozen=True)
class Evidence:
    """One test of one claim.

    Attributes:
        where: the benchmark.
        claim: a sentence without its subject's benchmark.
        test: of it.
        favour: above 0 where the numbers speak for the claim, below 0 where they speak against it.
        said: the numbers, in short.
    """

    where: str
    claim: str
    test: HypothesisTest
    favour: float
    said: str

    @property
    def outcome(self) -> Outcome:
        """Whether chance is ruled out, and on which side the numbers lie."""
        if not self.test.rejects(LEVEL) or self.favour == 0:
            return "not shown"
        return "shown" if self.favour > 0 else "the contrary is shown"


@dataclass(frozen=True)
class Ruling:
    """What the tests of a conclusion say of it together.

    Attributes:
        verdicts: on each benchmark of which there is a test, by its name.
        verdict: on all of these.
        untested: the benchmarks and claims of which there is none, a phrase each.
    """

    verdicts: dict[str, Verdict]
    verdict: Verdict
    untested: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.untested or self.verdict == "not examined":
            return self.verdict
        return f"{self.verdict} (without {'; '.join(self.untested)})"


@dataclass(frozen=True)
class Conclusion:
    """One conclusion of the study, judged.

    Attributes:
        letter: its number.
        sentence: what the study concludes.
        name: of its page's file.
        ruling: on it.
        numbers: what was found, in short.
        page: everything else.
    """

    letter: str
    sentence: str
    name: str
    ruling: Ruling
    numbers: str
    page: Page


def judged(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The same, as one family of tests: corrected by Holm."""
    found = list(evidence)
    tests = corrected([own.test for own in found])
    return [replace(own, test=test) for own, test in zip(found, tests, strict=True)]


def together(outcomes: Iterable[Outcome]) -> Verdict:
    """Whether a conclusion holds of which each claim is a part: wholly, in part, or not at all."""
    found = set(outcomes)
    if not found:
        return "not examined"
    if "shown" in found:
        return "holds" if found == {"shown"} else "holds in part"
    return "does not hold" if "the contrary is shown" in found else "not shown"


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of the one claim that at least one of several is true."""
    found = set(outcomes)
    if "shown" in found:
        return "shown"
    return "the contrary is shown" if found == {"the contrary is shown"} else "not shown"


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of the one claim that all of several are true: the contrary of a single one refutes it."""
    found = set(outcomes)
    if "the contrary is shown" in found:
        return "the contrary is shown"
    return "shown" if found == {"shown"} else "not shown"


def ruling(
    evidence: Iterable[Evidence],
    benchmarks: Iterable[str],
    claims: int,
    as_one: Callable[[Iterable[Outcome]], Outcome] | None = None,
) -> Ruling:
    """What tests say of a conclusion, on each benchmark and on all together.

    Args:
        evidence: every test that decides.
        benchmarks: that the conclusion is about.
        claims: how many there are on each; of those that could not be tested where others were, nothing is shown.
        as_one: what the outcomes on a benchmark say of the one claim that they are about; None where each is a part of
            the conclusion, which then can hold in part on a benchmark.
    """
    found: dict[str, list[Outcome]] = {}
    for own in evidence:
        found.setdefault(own.where, []).append(own.outcome)
    untested = tuple(
        f"{claims - len(found[where])} of {claims} claims on {where}" if where in found else where
        for where in benchmarks
        if len(found.get(where, ())) < claims
    )
    nothing: Outcome = "not shown"
    filled = {where: own + [nothing] * (claims - len(own)) for where, own in found.items()}
    parts = {where: [as_one(own)] if as_one else own for where, own in filled.items()}
    return Ruling(
        {where: together(own) for where, own in parts.items()},
        together(outcome for own in parts.values() for outcome in own),
        untested,
    )


def bootstrapped_test(
    value: float, resampled: NDArray[np.float64], threshold: float, n: int, question: str
) -> HypothesisTest:
    """Whether a number differs from a threshold, by the standard error that resampling gives it.

    It cannot be made of fewer than 20 things, or where resampling changes nothing.

    Args:
        value: the number.
        resampled: the same of each resample, shape (resamples,).
        threshold: to hold it against.
        n: how many things were resampled.
        question: what is tested, after "whether".
    """
    from scipy.stats import norm

    error = float(np.std(resampled, ddof=1))
    z = (value - threshold) / error if error > 0 and n >= FEWEST else float("nan")
    notes = () if error > 0 else ("Resampling changes nothing, so how sure this is cannot be told.",)
    return HypothesisTest(
        name="Bootstrap z test",
        symbol="z",
        statistic=z,
        p_value=float(2 * norm.sf(abs(z))),
        runs=(n,),
        question=question,
        shown=f"it is {'above' if value > threshold else 'below'} {threshold:g}",
        not_shown="it is not shown to",
        notes=notes if n >= FEWEST else (f"Fewer than {FEWEST} do not tell how much they differ.",),
    )


def kendall(scores: NDArray[np.float64], accuracy: NDArray[np.float64]) -> float:
    """Kendall's tau, each shape (n,); 0 where all scores are equal and so tell nothing."""
    return float(np.nan_to_num(rank_correlation(scores, accuracy).kendall))


def opening(sentence: str, ruling: Ruling, rule: str) -> list[Block]:
    """What every page of a conclusion begins with."""
    listed = "".join(f" {where}: {own}." for where, own in ruling.verdicts.items())
    return [Paragraph(f"The study concludes: {sentence}. Here: {ruling}.{listed}"), Paragraph(rule)]


def evidence_table(evidence: Sequence[Evidence], caption: str) -> Block:
    """A row a test, or a sentence if there is none."""
    if not evidence:
        return Paragraph(f"{caption} None could be made of what ran.")
    rows = tuple(
        (
            own.where,
            own.claim,
            counts(own.test),
            own.said,
            p_in_short(own.test.p_value),
            p_in_short(own.test.deciding_p),
            own.outcome,
        )
        for own in evidence
    )
    return Table(("benchmark", "claim", "n", "numbers", "p", "p (Holm)", "outcome"), rows, caption, numeric=(2, 4, 5))


def in_full(evidence: Sequence[Evidence], summary: str = "The tests that decide, in words") -> Details:
    """Each test in words."""
    return Details(summary, tuple(f"{own.where}: {own.test.in_words(LEVEL)}" for own in evidence))


def counts(test: HypothesisTest) -> str:
    """How many there were in each sample."""
    return str(test.runs[0]) if len(set(test.runs)) == 1 else " and ".join(map(str, test.runs))


def a12(effect: EffectSize) -> str:
    """An effect size and its interval in short."""
    return f"A12 {effect.value:.2f} ({effect.low:.2f} to {effect.high:.2f})"


def number(value: float) -> str:
    """A percentage, never minus nought."""
    return f"{round(value, 3) + 0.0:.3f}"


def mean_and_deviation(sample: Sample) -> str:
    """The mean of percentages and their sample standard deviation, over runs."""
    return f"{number(sample.values.mean())} ± {number(sample.values.std(ddof=1))}"


def told(outcomes: Sequence[Evidence]) -> str:
    """How many claims were shown, and the contrary of how many."""
    shown = sum(own.outcome == "shown" for own in outcomes)
    contrary = sum(own.outcome == "the contrary is shown" for own in outcomes)
    return f"{shown} of {len(outcomes)} claims shown" + (f", the contrary of {contrary}" if contrary else "")
