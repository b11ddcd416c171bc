"""(e) NAS-EA-FA V2 with accuracy is the best accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.dervisi_study import arms
from experiments.dervisi_study.evidence import (
    Conclusion,
    Evidence,
    a12,
    all_of,
    evidence_table,
    in_full,
    judged,
    mean_and_deviation,
    opening,
    ruling,
    told,
)
from experiments.dervisi_study.found import HOUR, Benchmarks, Found, without_defects
from nasbench_ga.pages import Heading, Notes, Page, Paragraph, Table
from nasbench_ga.statistics import (
    RunningTime,
    Sample,
    area_under_curve,
    expected_running_time,
    mann_whitney,
    shared_span,
    vargha_delaney,
)

SENTENCE = "NAS-EA-FA V2 with accuracy is the best accelerator"
RULE = (
    "The target is the median of what the genetic algorithm by accuracy had found at its end (the accuracy "
    "searched on). Counted are the evaluations of each run until it knew such a cell; runs that never did rank "
    "last. It holds on a benchmark where V2 by accuracy (XGBoost) is shown to need fewer than each search that is "
    "not V2 by accuracy (Mann-Whitney's test), and does not where one of them is shown to need fewer than V2; the GCN "
    "is judged beside it."
)
OTHERS = (arms.GA_ACCURACY, arms.GA_NASWT, arms.V2_NASWT, arms.RANDOM)
RESAMPLES = 2000


def v2_by_accuracy_is_the_best_accelerator(found: Benchmarks) -> Conclusion:
    """NAS-EA-FA V2 with accuracy is the best accelerator."""
    evidence = judged(_against_others(found, arms.V2_ACCURACY))
    gcn = judged(_against_others(found, arms.V2_GCN))
    surrogates = judged(_gcn_against_xgboost(found))
    where = [str(benchmark) for benchmark in arms.BENCHMARKS]
    ruled, ruled_gcn = (ruling(own, where, len(OTHERS), all_of) for own in (evidence, gcn))
    page = Page(
        "Is NAS-EA-FA V2 with accuracy the best accelerator?",
        (
            *opening(SENTENCE, ruled, RULE),
            evidence_table(
                evidence,
                "The tests that decide. Numbers: medians of the evaluations until the target; A12, how often a run "
                "of the other search needs more.",
            ),
            Heading("With a GCN"),
            Paragraph(f"With a GCN in place of XGBoost: {ruled_gcn}. These do not decide."),
            evidence_table([*gcn, *surrogates], "The same of V2 with a GCN, and both surrogates side by side."),
            Heading("Evaluations"),
            _evaluations(found),
            Heading("Time"),
            Paragraph(
                "An evaluation by NASWT takes tenths of a second on a core, one by accuracy a training of minutes "
                "to hours, so that by time the answer can be another. Seconds by accuracy are simulated (the "
                "published times of training, where the table has them); those by NASWT were measured when a "
                "network was scored. Neither counts what a search itself needs, which is about a second a run for "
                "XGBoost and half a minute for the GCN. The lower target, the median of what the genetic algorithm "
                "by NASWT ends with, is one that NASWT can reach."
            ),
            _time(found),
            Notes(
                (
                    (
                        "V2 may spend 500 evaluations and the genetic algorithm and random search 10,000: a run of V2 "
                        "that has not reached the target by then ranks behind every run that did, however late. "
                        "Expected evaluations, which count restarts, do not have that bias."
                    ),
                    "By its making half of the runs of the genetic algorithm reach the target.",
                ),
                "To keep in mind",
            ),
            in_full([*evidence, *gcn, *surrogates], "Every test in words, of evaluations: higher is later"),
        ),
    )
    times = [f"{benchmark}: {_speed_up(ran)}" for benchmark, ran in found.items() if _complete(ran)]
    speed_ups = f"expected evaluations of the GA over those of V2: {'; '.join(times)}"
    numbers = f"{told(evidence)}; {speed_ups}" if times else "no runs"
    return Conclusion("e", SENTENCE, "best-accelerator", ruled, numbers, page)


def sooner(own: Found, other: Found, target: float) -> Evidence:
    """Whether a search reaches a target with fewer evaluations than another."""
    first, second = evaluations_until(own, target), evaluations_until(other, target)
    a, b = ranked_evaluations(target, own, other)
    effect = vargha_delaney(b, a)
    return Evidence(
        str(own.benchmark),
        f"{a.name}: sooner than {b.name}",
        mann_whitney(a, b),
        effect.value - 0.5,
        f"{_median(first)} v {_median(second)}; {a12(effect)}",
    )


def evaluations_until(own: Found, target: float) -> NDArray[np.float64]:
    """The evaluations of each run until its best cell reached a target; infinity where it never did."""
    return np.array([run.cost_of(target) for run in own.runs])


def ranked_evaluations(target: float, *searches: Found) -> list[Sample]:
    """The same as numbers that rank: a run that never reached it is given ten times what the longest of all spent."""
    last = 10.0 * max(run.spent for own in searches for run in own.runs)
    until = [evaluations_until(own, target) for own in searches]
    return [Sample(o.arm.title, np.where(np.isfinite(e), e, last)) for o, e in zip(searches, until, strict=True)]


def target_of(ran: Mapping[str, Found]) -> float:
    """The median of what the genetic algorithm by accuracy found."""
    return ran[arms.GA_ACCURACY].sample("search").median


def heights(found: Sequence[Found]) -> list[Sample]:
    """The mean height of each run's best-so-far curve over the evaluations that all runs of all searches cover."""
    since, until = shared_span(*(own.runs for own in found))
    return [Sample(own.arm.title, area_under_curve(own.runs, since, until)) for own in found]


def _complete(ran: Mapping[str, Found]) -> bool:
    return arms.GA_ACCURACY in ran and arms.V2_ACCURACY in ran


def _against_others(found: Benchmarks, name: str) -> Iterator[Evidence]:
    for ran in found.values():
        if name in ran and arms.GA_ACCURACY in ran:
            yield from (sooner(ran[name], ran[other], target_of(ran)) for other in OTHERS if other in ran)


def _gcn_against_xgboost(found: Benchmarks) -> Iterator[Evidence]:
    for ran in found.values():
        if arms.V2_GCN in ran and _complete(ran):
            yield sooner(ran[arms.V2_GCN], ran[arms.V2_ACCURACY], target_of(ran))


def _evaluations(found: Benchmarks) -> Table:
    rows = []
    for benchmark, ran in found.items():
        if arms.GA_ACCURACY not in ran:
            continue
        target = target_of(ran)
        reference = ran[arms.GA_ACCURACY]
        searches = without_defects(ran)
        for own, height in zip(searches, heights(searches), strict=True):
            time = expected_running_time(own.runs, target)
            rows.append(
                (
                    str(benchmark),
                    own.arm.title,
                    f"{time.successes} of {time.runs}",
                    _median(evaluations_until(own, target)),
                    _expected(time),
                    "1" if own is reference else speed_up(reference, own, target),
                    mean_and_deviation(height),
                )
            )
    return Table(
        ("benchmark", "search", "reached", "median", "expected", "speed-up", "mean height"),
        tuple(rows),
        "Evaluations until the target. Expected: all that was spent, also in vain, a success (ERT); speed-up: that "
        "of the GA by accuracy over it, with the 95 % bootstrap interval over runs. Mean height: the area under "
        "the best-so-far curve of the accuracy searched on, over the evaluations that all searches cover (up to "
        "500), by width; mean ± sd.",
        numeric=(2, 3, 4, 5, 6),
    )


def _time(found: Benchmarks) -> Table:
    rows = []
    for benchmark, ran in found.items():
        targets = {arm: ran[arm].sample("search").median for arm in (arms.GA_ACCURACY, arms.GA_NASWT) if arm in ran}
        for own in without_defects(ran):
            cells = [
                _expected_time(own, targets[arm]) if arm in targets else "–"
                for arm in (arms.GA_ACCURACY, arms.GA_NASWT)
            ]
            rows.append((str(benchmark), own.arm.title, _seconds(own), *cells))
    return Table(
        ("benchmark", "search", "seconds an evaluation", "expected until the target", "until the lower target"),
        tuple(rows),
        "Expected time (ERT), all that was spent in vain counted too; in brackets how many runs reached it.",
        numeric=(3, 4),
    )


def _seconds(own: Found) -> str:
    seconds = own.seconds_an_evaluation
    if seconds is None:
        return "not known"
    return f"{seconds:,.0f}, simulated" if own.simulated else f"{seconds:.2f}, measured"


def _expected_time(own: Found, target: float) -> str:
    if own.timed is None:
        return "not known"
    time = expected_running_time(own.timed, target)
    if not time.successes:
        return f"never ({time.runs} runs)"
    hours = time.expected / HOUR
    return f"{hours:,.2f} h ({time.successes} of {time.runs})"


def speed_up(reference: Found, own: Found, target: float, seed: int = 0) -> str:
    """How many times fewer evaluations one search is expected to need than a reference, with an interval over runs."""
    rng = np.random.default_rng(seed)
    ratio = expected_running_time(reference.runs, target).expected / expected_running_time(own.runs, target).expected
    if ratio == 0:
        return "0"
    with np.errstate(invalid="ignore"):  # neither of two resamples reached it
        drawn = _resampled_expectations(reference, target, rng) / _resampled_expectations(own, target, rng)
    low, high = np.nanquantile(drawn, [0.025, 0.975], method="nearest")
    return f"{ratio:.2g} ({low:.2g} to {high:.2g})"


def _resampled_expectations(own: Found, target: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """The expected evaluations to a target of bootstrap resamples of the runs, shape (resamples,)."""
    until = evaluations_until(own, target)
    spent = np.where(np.isfinite(until), until, [run.spent for run in own.runs])
    rows = rng.integers(len(until), size=(RESAMPLES, len(until)))
    successes = np.isfinite(until)[rows].sum(1)
    return np.asarray(np.where(successes > 0, spent[rows].sum(1) / np.maximum(successes, 1), np.inf))


def _speed_up(ran: Mapping[str, Found]) -> str:
    return speed_up(ran[arms.GA_ACCURACY], ran[arms.V2_ACCURACY], target_of(ran))


def _expected(time: RunningTime) -> str:
    return f"{time.expected:,.0f}" if time.successes else "–"


def _median(evaluations: NDArray[np.float64]) -> str:
    middle = float(np.median(evaluations))
    return f"{middle:,.0f}" if np.isfinite(middle) else "never"
