"""Exact regression of searches: which there are, what each found, and what it found when its golden value was made."""

from nasbench_ga.regression.cases import Case, Combination, Here
from nasbench_ga.regression.golden import Environment, Golden, GoldenFolder, present_environment
from nasbench_ga.regression.outcomes import DIGITS, differences, outcome
from nasbench_ga.regression.survey import Selection, Survey, survey
from nasbench_ga.regression.verdicts import Status, Verdict, verdicts

__all__ = [
    "DIGITS",
    "Case",
    "Combination",
    "Environment",
    "Golden",
    "GoldenFolder",
    "Here",
    "Selection",
    "Status",
    "Survey",
    "Verdict",
    "differences",
    "outcome",
    "present_environment",
    "survey",
    "verdicts",
]
