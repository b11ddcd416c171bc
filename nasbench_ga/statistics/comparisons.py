"""Everything that is to be said of several sets of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from nasbench_ga.statistics.average_ranks import AverageRanks, average_ranks
from nasbench_ga.statistics.comparison import Comparison, compare
from nasbench_ga.statistics.holm import corrected
from nasbench_ga.statistics.hypothesis_test import HypothesisTest
from nasbench_ga.statistics.many_samples import friedman, kruskal_wallis
from nasbench_ga.statistics.post_hoc import PostHoc, dunn, nemenyi
from nasbench_ga.statistics.samples import Runs, as_samples

TESTS = ("kolmogorov_smirnov", "mann_whitney", "brunner_munzel", "wilcoxon", "equivalence")


@dataclass(frozen=True)
class Comparisons:
    """Several sets of runs, compared.

    Attributes:
        pairs: every two of them, in the order in which they came; each kind of test is one family, corrected by Holm.
        omnibus: whether any differs: Kruskal-Wallis, or Friedman of paired runs; None of two sets.
        post_hoc: which differ by their ranks among all: Dunn, or Nemenyi of paired runs; None of two sets.
        ranks: for a critical-difference diagram; None if the runs are not paired, or of two sets.
    """

    pairs: tuple[Comparison, ...]
    omnibus: HypothesisTest | None
    post_hoc: PostHoc | None
    ranks: AverageRanks | None

    def pair(self, first: str, second: str) -> Comparison:
        """The comparison of two sets, by their names in either order.

        Raises:
            KeyError: there is none.
        """
        for own in self.pairs:
            if {own.first.name, own.second.name} == {first, second}:
                return own
        raise KeyError((first, second))

    def as_table(self) -> list[dict[str, str | int | float]]:
        """Every pair as one row of a table, with the same columns; see `Comparison.as_row`."""
        return [pair.as_row() for pair in self.pairs]

    def in_words(self) -> str:
        """The tests of all sets, a line each, then every pair."""
        level = self.pairs[0].level
        over_all = (
            []
            if self.omnibus is None or self.post_hoc is None
            else [
                self.omnibus.in_words(level),
                self.post_hoc.in_words(level),
            ]
        )
        ranked = [] if self.ranks is None else [self.ranks.in_words()]
        together = ["\n".join([*over_all, *ranked])] if over_all else []
        return "\n\n".join([*together, *(pair.in_words() for pair in self.pairs)])


def compare_all(
    runs: Mapping[str, Runs],
    *,
    level: float = 0.05,
    same_within: float | None = None,
    paired: bool = False,
    higher_is_better: bool = True,
    seed: int = 0,
) -> Comparisons:
    """Compares every two of several sets of runs, and all of them together.

    Args:
        runs: a name and runs, shape (n,), for each of at least two sets.
        level: as of `compare`; p-values of the pairs are corrected by Holm, so it holds for all of them together.
        same_within: as of `compare`.
        paired: as of `compare`, over all sets.
        higher_is_better: which end gets rank 1 in `ranks`.
        seed: of the bootstrap.

    Raises:
        NasbenchError: fewer than two sets, or what `compare` raises.
    """
    samples = as_samples(runs, at_least=2, paired=paired)
    settings: dict[str, Any] = {"level": level, "same_within": same_within, "paired": paired, "seed": seed}
    pairs = _as_family([compare(a, b, **settings) for a, b in combinations(samples, 2)])
    if len(samples) == 2:
        return Comparisons(pairs, None, None, None)
    if not paired:
        return Comparisons(pairs, kruskal_wallis(runs), dunn(runs), None)
    ranks = average_ranks(runs, level=level, higher_is_better=higher_is_better)
    return Comparisons(pairs, friedman(runs), nemenyi(runs), ranks)


def _as_family(pairs: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Corrects the p-values of each kind of test for the number of pairs."""
    own: list[dict[str, Any]] = [{} for _ in pairs]
    for kind in TESTS:
        tests = [getattr(pair, kind) for pair in pairs]
        if tests[0] is not None:
            for fields, test in zip(own, corrected(tests), strict=True):
                fields[kind] = test
    return tuple(replace(pair, **fields) for pair, fields in zip(pairs, own, strict=True))
