"""The experiment with NAS-EA-FA does what it says, on less than it is made for."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import nas_ea_fa
from nasbench_ga import NASEAFASettings
from nasbench_ga.records import read_summary
from nasbench_ga.run import main

FEW = NASEAFASettings(population=10, generations=2, top=3, farthest=2)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_search_of_a_space_has_a_name_and_the_control_is_among_them() -> None:
    for space in ("nb101", "nats-tss", "nats-tss-graph"):
        rows = [(name, chosen["evaluations"]) for name, chosen, _ in nas_ea_fa.searches(space)]
        assert len(set(rows)) == len(rows)
        assert rows[0][0] == nas_ea_fa.CONTROL


def test_a12_and_p_are_those_of_the_definition() -> None:
    own, control = np.array([1.0, 2.0, 2.0, 5.0]), np.array([2.0, 0.0, 1.0])
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in own for b in control]
    a12, p = nas_ea_fa.against(own, control).split(" | ")
    assert float(a12) == pytest.approx(np.mean(wins), abs=0.005)
    assert 0.1 < float(p) < 0.6
    assert nas_ea_fa.against(np.arange(100.0) + 1000, np.arange(100.0)).startswith("1.00 | < 1e-15")


def test_the_page_holds_what_the_commands_find(published, monkeypatch: pytest.MonkeyPatch) -> None:
    published("nats_tss.parquet")

    def few(space: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        yield nas_ea_fa.CONTROL, {"algorithm": "random", "evaluations": 30}, []
        options = ["--nas-ea-fa.population 10 --nas-ea-fa.generations 2 --nas-ea-fa.top 3 --nas-ea-fa.farthest 2"]
        yield "small", {"algorithm": "nas-ea-fa", "evaluations": 15, "nas_ea_fa": FEW}, options

    monkeypatch.setattr(nas_ea_fa, "searches", few)
    monkeypatch.setattr(nas_ea_fa, "BENCHMARKS", (("nats-tss", "cifar100"),))
    page = nas_ea_fa.as_markdown(nas_ea_fa.Config(repeats=4))
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    commands = [line for line in page.splitlines() if line.startswith("python -m nasbench_ga.run")]
    assert len(rows) == len(commands) == 2
    for number, command in enumerate(commands):
        assert main([*shlex.split(command)[3:], "--results", f"again-{number}"]) == 0
        found = read_summary(Path(f"again-{number}"))
        own, tested = found["cifar100/x-valid/200"], found["cifar100/x-test/200"]
        assert rows[number][2] == "4"
        assert rows[number][3] == f"{own.mean():.3f} ± {own.std(ddof=1):.3f}"
        assert rows[number][7] == f"{tested.mean():.3f} ± {tested.std(ddof=1):.3f}"
