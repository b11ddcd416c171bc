"""Records that tests of sets of runs read, each made once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nasbench_ga.run import run
from nasbench_ga.run_config import RunConfig

SMALL = RunConfig(space="nats-tss", table="analog-nas", repeats=6, evaluations=300)
TEST = "cifar10/test/analog"
CONFIGS = {
    "random": replace(SMALL, algorithm="random"),
    "genetic": SMALL,
    "short": replace(SMALL, evaluations=100),
    "other-seed": replace(SMALL, seed=1),
    "few": replace(SMALL, repeats=4),
    "few-other": replace(SMALL, repeats=4, seed=2),
    "single": replace(SMALL, repeats=1),
    "parameters": replace(SMALL, fitness="few-parameters", load=(Path("mine.py"),)),
    "nowhere": replace(SMALL, fitness="no-number", load=(Path("mine.py"),)),
    "surrogate": replace(SMALL, algorithm="nas-ea-fa", evaluations=100),
    "surrogate-other": replace(SMALL, algorithm="nas-ea-fa", evaluations=100, seed=1),
    "smaller": RunConfig(
        space="nats-sss", fitness="few-parameters", repeats=6, evaluations=100, load=(Path("mine.py"),)
    ),
    "analog": replace(SMALL, metric=TEST, test_metric=TEST),
}
PLUGIN = """
import numpy as np
import nasbench_ga as ng


def _register():
    @ng.register_fitness("few-parameters")
    def few_parameters(context):
        return lambda g: ng.Evaluation(-context.space.parameters(g).astype(float), np.full(len(g), np.nan))

    @ng.register_fitness("no-number")
    def no_number(context):
        return lambda g: ng.Evaluation(np.full(len(g), np.nan), np.full(len(g), np.nan))


_register()
"""


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a record by its name in `CONFIGS`."""
    home = tmp_path_factory.mktemp("records")
    (home / "mine.py").write_text(PLUGIN)

    def made(name: str) -> Path:
        folder = home / name
        if not folder.exists():
            config = CONFIGS[name]
            load = tuple(home / path for path in config.load)
            run(replace(config, results=folder, load=load))
        return folder

    return made
