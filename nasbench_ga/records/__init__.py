"""The run record on disk: `config.json`, `evaluations.parquet`, `summary.json`, `environment.json`.

There are also `cycles.json`, `trainings.json` and `fitness.json` where there is something to say.

`Recorder` writes one while a study runs, takes up an unfinished one, and adds repeats to a finished one; `read_record`
reads a finished one back and checks every row of it.
"""

from nasbench_ga.records.finished import (
    Record,
    read_cycles,
    read_evaluations,
    read_record,
    read_summary,
    read_trainings,
)
from nasbench_ga.records.layout import CONFIG, CYCLES, ENVIRONMENT, EVALUATIONS, SUMMARY, TRAININGS, finished_repeats
from nasbench_ga.records.recorder import Recorder
from nasbench_ga.records.repeats import Repeats

__all__ = [
    "CONFIG",
    "CYCLES",
    "ENVIRONMENT",
    "EVALUATIONS",
    "SUMMARY",
    "TRAININGS",
    "Record",
    "Recorder",
    "Repeats",
    "finished_repeats",
    "read_cycles",
    "read_evaluations",
    "read_record",
    "read_summary",
    "read_trainings",
]
