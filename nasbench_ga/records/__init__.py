"""The run record on disk: `config.json`, `evaluations.parquet`, `summary.json`, `cycles.json`, `environment.json`.

`Recorder` writes one while a study runs, takes up an unfinished one, and adds repeats to a finished one; `read_record`
reads a finished one back and checks every row of it.
"""

from nasbench_ga.records.finished import Record, read_cycles, read_evaluations, read_record, read_summary
from nasbench_ga.records.layout import CONFIG, CYCLES, ENVIRONMENT, EVALUATIONS, SUMMARY
from nasbench_ga.records.recorder import Earlier, Recorder

__all__ = [
    "CONFIG",
    "CYCLES",
    "ENVIRONMENT",
    "EVALUATIONS",
    "SUMMARY",
    "Earlier",
    "Record",
    "Recorder",
    "read_cycles",
    "read_evaluations",
    "read_record",
    "read_summary",
]
