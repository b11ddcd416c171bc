"""Everything that is to be said of two sets of runs."""

from __future__ import annotations

from dataclasses import dataclass

from nasbench_ga.statistics.effect_size import EffectSize, as_cliffs_delta, vargha_delaney
from nasbench_ga.statistics.equivalence import equivalent
from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.samples import Runs, Sample, as_pair, check_level
from nasbench_ga.statistics.shift import Shift, hodges_lehmann
from nasbench_ga.statistics.two_samples import brunner_munzel, kolmogorov_smirnov, mann_whitney, wilcoxon


@dataclass(frozen=True)
class Comparison:
    """Two sets of runs, compared.

    Attributes:
        first: the runs of the first.
        second: the runs of the second.
        level: of significance.
        kolmogorov_smirnov: whether their distributions differ.
        mann_whitney: whether one tends to be higher.
        brunner_munzel: the same, where they differ in spread.
        a12: how often one is higher (Vargha-Delaney).
        cliffs_delta: the same from -1 to 1.
        shift: by how much one is higher (Hodges-Lehmann).
        wilcoxon: whether one tends to be higher pair by pair; None if the runs are not paired.
        equivalence: whether they are the same within the margin; None without a margin.
        margin: within which they count as the same, in the unit of the runs.
    """

    first: Sample
    second: Sample
    level: float
    kolmogorov_smirnov: HypothesisTest
    mann_whitney: HypothesisTest
    brunner_munzel: HypothesisTest
    a12: EffectSize
    cliffs_delta: EffectSize
    shift: Shift
    wilcoxon: HypothesisTest | None = None
    equivalence: HypothesisTest | None = None
    margin: float | None = None

    @property
    def paired(self) -> bool:
        """Whether run i of one belongs with run i of the other."""
        return self.wilcoxon is not None

    @property
    def deciding(self) -> HypothesisTest:
        """The test by which one counts as higher: Wilcoxon's of pairs, else Mann-Whitney's."""
        return self.mann_whitney if self.wilcoxon is None else self.wilcoxon

    @property
    def differ(self) -> bool:
        """Whether one is shown to tend to be higher."""
        return self.deciding.rejects(self.level)

    @property
    def same(self) -> bool:
        """Whether they are shown to be the same within the margin; False without one."""
        return self.equivalence is not None and self.equivalence.rejects(self.level)

    @property
    def decision(self) -> str:
        """What is decided, without what it is of: the last part of the verdict."""
        if self.differ and self.same:
            return f"{self.deciding.shown}, but by less than {self.margin:g}"
        if self.differ:
            return f"{self.deciding.shown}, a {self.a12.magnitude} effect"
        if self.same:
            return f"the same within {self.margin:g}"
        if self.equivalence is not None:
            return f"neither shown to differ nor to be the same within {self.margin:g}; more runs would tell"
        return f"not shown to differ, a {self.a12.magnitude} effect so far"

    @property
    def verdict(self) -> str:
        """What is decided, in one sentence."""
        return f"{self.first.in_words()} and {self.second.in_words()}: {self.decision}."

    def as_row(self) -> dict[str, str | int | float]:
        """The comparison as one row of a table: names, numbers, and the decision as a sentence.

        The difference is the Hodges-Lehmann shift, which the difference of the medians need not equal; both intervals
        are of this pair alone. Its ends are infinite where so few runs give none. `p_adjusted` is the one that decides.
        """
        return {
            "first": self.first.name,
            "second": self.second.name,
            "runs_first": len(self.first),
            "runs_second": len(self.second),
            "median_first": self.first.median,
            "median_second": self.second.median,
            "difference": self.shift.value,
            "difference_low": self.shift.low,
            "difference_high": self.shift.high,
            "a12": self.a12.value,
            "a12_low": self.a12.low,
            "a12_high": self.a12.high,
            "magnitude": self.a12.magnitude,
            "test": self.deciding.name,
            "p": self.deciding.p_value,
            "p_adjusted": self.deciding.deciding_p,
            "verdict": f"{self.decision[0].upper()}{self.decision[1:]}.",
        }

    def in_words(self) -> str:
        """The verdict, then every test and effect size, a line each."""
        tests = (self.mann_whitney, self.wilcoxon, self.brunner_munzel, self.kolmogorov_smirnov, self.equivalence)
        lines = [test.in_words(self.level) for test in tests if test is not None]
        delta = self.cliffs_delta
        scaled = f"Cliff's delta, the same from -1 to 1: {delta.value:.3f} ({delta.low:.3f} to {delta.high:.3f})."
        return "\n".join([self.verdict, *lines, f"{self.a12.in_words()} {scaled}", self.shift.in_words()])


def compare(
    first: Runs,
    second: Runs,
    *,
    level: float = 0.05,
    same_within: float | None = None,
    paired: bool = False,
    seed: int = 0,
) -> Comparison:
    """Compares two sets of runs by every test and effect size there is here.

    Args:
        first: runs, shape (n,); a `Sample` also has a name.
        second: runs, shape (m,).
        level: of significance of each test by itself, and 1 - confidence of the intervals. To compare more than two
            sets use `compare_all`, which corrects for the number of pairs.
        same_within: the smallest difference that would matter, in the unit of the runs; without it nothing is said of
            whether they are the same.
        paired: whether run i of one belongs with run i of the other, by seed or data set. The tests that know nothing
            of pairs are then careful (their p-values too large) if paired runs resemble each other.
        seed: of the bootstrap.

    Raises:
        NasbenchError: fewer than two runs, one without a finite number, pairs of different lengths, a level that is no
            level, or a margin that is not positive.
    """
    check_level(level)
    a, b = as_pair(first, second, paired=paired)
    a12 = vargha_delaney(a, b, level=level, paired=paired, seed=seed)
    return Comparison(
        first=a,
        second=b,
        level=level,
        kolmogorov_smirnov=kolmogorov_smirnov(a, b),
        mann_whitney=mann_whitney(a, b),
        brunner_munzel=brunner_munzel(a, b),
        a12=a12,
        cliffs_delta=as_cliffs_delta(a12),
        shift=hodges_lehmann(a, b, level=level, paired=paired),
        wilcoxon=wilcoxon(a, b) if paired else None,
        equivalence=None if same_within is None else equivalent(a, b, same_within, paired=paired),
        margin=same_within,
    )
