"""What a record keeps of finished repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nasbench_ga.rows import Rows


@dataclass(frozen=True)
class Repeats:
    """Finished repeats, one after another.

    Attributes:
        rows: their evaluations, by repeat and step.
        summary: one dictionary a repeat.
        cycles: what their searches said of each cycle; often nothing.
        trainings: what came of each training; often nothing was trained.
        known: what the fitness found out that its values depend on, of all repeats; often nothing.
        wall_seconds: of each of them.
        environments: in which the records were made that held them before, the first one first.
    """

    rows: Rows
    summary: list[dict[str, Any]] = field(default_factory=list)
    cycles: list[dict[str, Any]] = field(default_factory=list)
    trainings: list[dict[str, Any]] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    wall_seconds: list[float] = field(default_factory=list)
    environments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def repeats(self) -> int:
        """How many there are."""
        return len(self.wall_seconds)

    def followed_by(self, others: Repeats) -> Repeats:
        """These repeats and others after them."""
        return Repeats(
            rows=Rows.concatenate([self.rows, others.rows], self.rows.genotype.shape[1]),
            summary=[*self.summary, *others.summary],
            cycles=[*self.cycles, *others.cycles],
            trainings=[*self.trainings, *others.trainings],
            known=others.known,
            wall_seconds=[*self.wall_seconds, *others.wall_seconds],
            environments=[*self.environments, *others.environments],
        )
