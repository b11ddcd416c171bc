"""A test of a hypothesis, and what it decides in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench_ga.statistics.samples import check_level


@dataclass(frozen=True)
class HypothesisTest:
    """What a test found.

    Attributes:
        name: of the test ("Mann-Whitney U test").
        symbol: of its statistic ("U").
        statistic: NaN if the test could not be made.
        p_value: how often chance alone gives a statistic at least as extreme; NaN if the test could not be made.
        runs: how many there were in each set.
        question: what was tested, after "whether".
        shown: what holds if chance is ruled out.
        not_shown: what can be said if it is not.
        notes: sentences on ties, constant runs and the like.
        adjusted: the p-value after Holm's correction; None where it stands alone.
        family: how many tests it was corrected for.
        smallest: the smallest p-value that so many runs can give.
    """

    name: str
    symbol: str
    statistic: float
    p_value: float
    runs: tuple[int, ...]
    question: str
    shown: str
    not_shown: str
    notes: tuple[str, ...] = ()
    adjusted: float | None = None
    family: int = 1
    smallest: float = 0.0

    @property
    def deciding_p(self) -> float:
        """The corrected p-value where there is one."""
        return self.p_value if self.adjusted is None else self.adjusted

    def rejects(self, level: float = 0.05) -> bool:
        """Whether chance is ruled out at this level; never by a test that could not be made."""
        check_level(level)
        return at_most(self.deciding_p, level)

    def in_words(self, level: float = 0.05) -> str:
        """What was tested, the numbers, and what they decide at this level."""
        asked = f"{self.name} of whether {self.question} (n = {_listed(self.runs)})"
        if np.isnan(self.p_value):
            return " ".join([f"{asked}: could not be made.", *self.notes])
        p = _p_in_words(self.p_value)
        if self.adjusted is not None:
            p += f" ({_p_in_words(self.adjusted)} after Holm's correction for {self.family} comparisons)"
        rejects = self.rejects(level)
        notes = self.notes
        if not rejects and not at_most(self.smallest, level):
            notes = (*notes, f"So few runs cannot give less than {_p_in_words(self.smallest)}.")
        verdict = f"at most {level:g}: {self.shown}" if rejects else f"above {level:g}: {self.not_shown}"
        return " ".join([f"{asked}: {self.symbol} = {self.statistic:.4g}, {p}, {verdict}.", *notes])


def at_most(p_value: float, level: float) -> bool:
    """Whether a p-value rejects at a level: 1 / 20 does at 0.05, however the last binary digit came out."""
    return bool(p_value <= level * (1 + 1e-9))


def p_in_short(p: float) -> str:
    """A p-value for a table, with two digits; a dash for a test that could not be made."""
    return "–" if np.isnan(p) else "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _p_in_words(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.3g}"


def _listed(counts: tuple[int, ...]) -> str:
    if len(set(counts)) == 1 and len(counts) > 1:
        return f"{counts[0]} each"
    return " and ".join([", ".join(map(str, counts[:-1])), str(counts[-1])]) if len(counts) > 1 else str(counts[0])
