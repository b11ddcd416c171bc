"""The settings of NAS-EA-FA, and those of both papers by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.search.base import UsualBudget
from nasbench_ga.search.operators import check_tournament
from nasbench_ga.search.training_set import Defect

PresetName = Literal["dervisi", "pan-nb101", "pan-nb201"]
Version = Literal["v1", "v2"]
USUAL_EVALUATIONS = 500


@dataclass(frozen=True)
class Sizes:
    """How much of everything, and the budget that goes with it.

    Attributes:
        population: members of an inner generation.
        generations: of an inner evolution; their union is the pool.
        top: K, the best predicted of the pool that are evaluated in each cycle.
        farthest: H, the others that are evaluated because they are farthest from what is known.
        evaluations: usual budget of a repeat, None if it is in seconds.
        seconds: usual budget of a repeat on each data set.
    """

    population: int
    generations: int
    top: int
    farthest: int
    evaluations: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


PRESETS: Mapping[PresetName, Sizes] = {
    "dervisi": Sizes(population=100, generations=10, top=30, farthest=20, evaluations=500),
    "pan-nb101": Sizes(population=100, generations=10, top=30, farthest=20, seconds={"cifar10": 6e6}),
    "pan-nb201": Sizes(
        population=10,
        generations=10,
        top=3,
        farthest=2,
        seconds={"cifar10-valid": 2e5, "cifar100": 4e5, "ImageNet16-120": 2e6},
    ),
}
"""Dervisi's study ran ten cycles of 50 evaluations; Pan & Yao counted simulated seconds of training."""
_LEAST = {"population": 1, "generations": 1, "top": 0, "farthest": 0}
_OF_XGBOOST: tuple[Defect, ...] = ("evaluates-again",)
_GCNS = ("gcn", "gcn-dervisi")


@dataclass(frozen=True)
class NASEAFASettings:
    """Settings of NAS-EA-FA; those that are not given are the preset's."""

    preset: PresetName = "dervisi"
    """Whose settings: Dervisi's study, or Pan & Yao's for NAS-Bench-101 or NAS-Bench-201."""
    version: Version = "v2"
    """v1 evaluates the K + H best predicted, and augments nothing."""
    surrogate: str = "xgboost"
    """What predicts: xgboost, gcn, gcn-dervisi, lightgbm, random-forest, gaussian-process, mlp-ensemble, or one of
    your own."""
    population: int | None = None
    """Members of an inner generation."""
    generations: int | None = None
    """Generations of an inner evolution; their union is the pool."""
    top: int | None = None
    """K: the best predicted of the pool that are evaluated in each cycle."""
    farthest: int | None = None
    """H: the others that are evaluated because their smallest distance to what is known is largest."""
    tournament: float = 0.2
    """Entrants of a tournament, drawn with replacement, as a share of the population."""
    as_published: bool = False
    """Every defect of the study's code for this surrogate: evaluates-again, and with a GCN all the others."""
    defects: tuple[Defect, ...] = ()
    """Single defects of the study's code, to measure their effect."""

    def __post_init__(self) -> None:
        """Refuses what cannot be run."""
        _check("preset", self.preset, PresetName)
        _check("version of NAS-EA-FA", self.version, Version)
        for defect in self.defects:
            _check("defect", defect, Defect)
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | np.integer) or value < least):
                raise NasbenchError(f"nas_ea_fa.{name} is an integer, {least} or more, not {value!r}.")
        if not self.sizes.top + self.sizes.farthest:
            raise NasbenchError("nas_ea_fa.top and nas_ea_fa.farthest are both 0, so that nothing would be evaluated.")
        check_tournament(self.tournament)

    @property
    def sizes(self) -> Sizes:
        """The preset's sizes, but for those that were given; v1 takes the best predicted only."""
        given = {name: getattr(self, name) for name in _LEAST if getattr(self, name) is not None}
        sizes = replace(PRESETS[self.preset], **given)
        return sizes if self.version == "v2" else replace(sizes, top=sizes.top + sizes.farthest, farthest=0)

    @property
    def switched_on(self) -> tuple[Defect, ...]:
        """The defects of the study's code that are wanted."""
        published = get_args(Defect) if self.surrogate in _GCNS else _OF_XGBOOST
        wanted = {*self.defects, *(published if self.as_published else ())}
        return tuple(defect for defect in get_args(Defect) if defect in wanted)

    def usual_budget(self, dataset: str | None) -> UsualBudget:
        """The preset's budget on a data set, or of evaluations alone where it has none for that."""
        sizes = self.sizes
        seconds = sizes.seconds.get(dataset or "")
        evaluations = (sizes.evaluations or USUAL_EVALUATIONS) if seconds is None else sizes.evaluations
        return UsualBudget(evaluations, seconds)


def _check(kind: str, name: str, choices: Any) -> None:
    if name not in get_args(choices):
        raise UnknownNameError(kind, name, get_args(choices))
