"""Average ranks of many sets of runs, and the distance at which two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench_ga.statistics.samples import Runs, as_samples, check_level


@dataclass(frozen=True)
class AverageRanks:
    """What a critical-difference diagram shows, best first.

    Attributes:
        names: of the k sets.
        ranks: float64, shape (k,), ascending from 1 (always the best) to k (always the worst).
        critical_difference: average ranks that lie at least so far apart differ.
        level: of significance.
        blocks: how many runs of each were ranked against each other.
    """

    names: tuple[str, ...]
    ranks: NDArray[np.float64]
    critical_difference: float
    level: float
    blocks: int

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The bars of the diagram: the largest groups, of two or more, within which no two differ."""
        ends = np.searchsorted(self.ranks, self.ranks + self.critical_difference, side="left")
        return tuple(
            self.names[start:end]
            for start, end in enumerate(ends)
            if end - start > 1 and (start == 0 or end > ends[start - 1])
        )

    def in_words(self) -> str:
        """The ranks, the critical difference, and who cannot be told apart."""
        listed = ", ".join(f"{name} {rank:.2f}" for name, rank in zip(self.names, self.ranks, strict=True))
        bars = "; ".join(" and ".join(group) for group in self.groups)
        alike = f"not told apart: {bars}" if bars else "each two differ"
        return (
            f"Average ranks of {self.blocks} runs, 1 the best: {listed}. Ranks differ from "
            f"{self.critical_difference:.2f} apart (Nemenyi, level {self.level:g}): {alike}."
        )


def average_ranks(runs: Mapping[str, Runs], *, level: float = 0.05, higher_is_better: bool = True) -> AverageRanks:
    """Ranks sets of runs against each other, block by block, and says how far average ranks have to lie apart.

    Args:
        runs: a name and runs, shape (n,), for each of at least two sets; run i of one is ranked with run i of all.
        level: of significance.
        higher_is_better: whether the highest run of a block gets rank 1, or the lowest.

    Raises:
        NasbenchError: fewer than two sets or runs, sets of different lengths, or a run without a finite number.

    Source: Demsar, "Statistical comparisons of classifiers over multiple data sets", 2006, section 3.2.2 and table 5.
    """
    from scipy.stats import rankdata, studentized_range

    check_level(level)
    samples = as_samples(runs, at_least=2, paired=True)
    values = np.stack([sample.values for sample in samples])
    ranks = rankdata(-values if higher_is_better else values, axis=0).mean(axis=1)
    order = np.argsort(ranks, kind="stable")
    q = float(studentized_range.ppf(1 - level, len(samples), np.inf)) / np.sqrt(2)
    return AverageRanks(
        names=tuple(samples[which].name for which in order),
        ranks=ranks[order],
        critical_difference=float(q * rank_deviation(*values.shape)),
        level=level,
        blocks=values.shape[1],
    )


def rank_deviation(sets: int, blocks: int) -> float:
    """The standard deviation of the difference of two average ranks, if all is chance."""
    return float(np.sqrt(sets * (sets + 1) / (6 * blocks)))
