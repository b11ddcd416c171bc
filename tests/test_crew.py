"""Searches that ask in other processes: as they would here, what a user defined included."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasbench_ga import crew
from nasbench_ga.crew import Crew
from nasbench_ga.errors import NasbenchError
from nasbench_ga.run_config import RunConfig
from nasbench_ga.search import NASEAFA, NASEAFASettings, RandomSearch, RandomSettings, Search
from nasbench_ga.spaces import CategoricalSpace, Genotypes, get_space

PLUGIN = """
import functools
import numpy as np
import nasbench_ga as ng
from nasbench_ga.spaces import NATSTopology

@ng.register_space("mine")
class Mine(NATSTopology):
    name = "mine"

@functools.cache
def shift():
    return 0.0

@ng.register_surrogate("mean")
class Mean(ng.Surrogate):
    def _fit(self, genotypes, values):
        self.weights = np.linalg.lstsq(self.space.features(genotypes), values, rcond=None)[0]
    def _predict(self, genotypes):
        return self.space.features(genotypes) @ self.weights + shift()
"""


class Slow(Search):
    """Asks for what its generator says."""

    slow_to_ask = True
    asked = 0

    def ask(self) -> Genotypes:
        self.asked += 1
        return self.space.sample(3, self.rng)

    def tell(self, genotypes: Genotypes, values: np.ndarray) -> None:
        """Learns nothing."""


def searches(n: int, kind: type[Search] = Slow) -> list[Search]:
    return [kind(get_space("nats-tss"), np.random.default_rng(seed), None) for seed in range(n)]


def test_searches_elsewhere_ask_and_go_on_as_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "START_SECONDS", -1.0)
    here, there = searches(3), searches(3)
    helped = Crew(2)
    for step in range(3):
        alone = [search.ask() for search in here]
        answers = helped.ask(there, step / 3)
        for one, (other, seconds) in zip(alone, answers, strict=True):
            np.testing.assert_array_equal(one, other)
            assert seconds >= 0
        assert [search.state() for search in there] == [search.state() for search in here]


@pytest.mark.parametrize(
    ("workers", "spent", "progress", "slow", "elsewhere"),
    [
        (2, 10.0, 0.5, True, True),
        (2, 10.0, 0.5, False, False),
        (1, 10.0, 0.5, True, False),
        (2, 0.1, 0.5, True, False),
        (2, 10.0, 0.99, True, False),
        (2, 10.0, 0.4, True, False),
    ],
)
def test_processes_are_started_where_they_save_more_than_they_cost(
    workers: int, spent: float, progress: float, slow: bool, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []
    monkeypatch.setattr(crew, "_ask_elsewhere", lambda own, workers: called.append(workers) or [])
    monkeypatch.setattr(Slow, "slow_to_ask", slow)
    hands = Crew(workers)
    hands._last = 0.4, spent
    hands.ask(searches(4), progress)
    assert called == ([workers] if elsewhere else [])


def test_what_one_search_imports_is_not_what_asking_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_timed_ask", lambda search: (search.ask(), 50.0 if search.asked == 99 else 0.1))
    two = searches(2)
    two[0].asked = 98
    hands = Crew(2)
    hands.ask(two, 0.1)
    assert hands._last == (0.1, 0.2)


def test_classes_of_a_notebook_can_be_sent() -> None:
    class Tiny(CategoricalSpace):
        name = benchmark = "tiny"
        cardinalities = np.full(4, 2, np.int8)

        def encode(self, cell: str) -> Genotypes:
            raise NotImplementedError

        def decode(self, genotype: Genotypes) -> str:
            raise NotImplementedError

    code = "import pickle, sys; s = pickle.loads(bytes.fromhex(sys.argv[1])); print(s.space.size, s.ask().shape)"
    packed = crew._packed(RandomSearch(Tiny(), np.random.default_rng(0), RandomSettings(batch=3)))
    done = subprocess.run([sys.executable, "-c", code, packed.hex()], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "16 (3, 4)"


def test_one_search_needs_no_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "START_SECONDS", -1.0)
    monkeypatch.setattr(crew, "_ask_elsewhere", None)
    assert len(Crew(8).ask(searches(1), 0.5)) == 1


def test_an_error_in_another_process_is_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "START_SECONDS", -1.0)
    space = get_space("nats-tss")
    broken = [NASEAFA(space, np.random.default_rng(seed), NASEAFASettings(surrogate="xgboost")) for seed in range(2)]
    for search in broken:
        search.cells, search.labels = np.full((2, 6), 77, np.int8), np.zeros(2)
    with pytest.raises(NasbenchError, match="takes the values 0 to 4"):
        Crew(2).ask(broken, 0.5)


def test_what_cannot_be_sent_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "START_SECONDS", -1.0)
    two = searches(2)
    two[1].file = (part for part in "ab")
    Crew(1).ask(two, 0.4)
    hands = Crew(2)
    hands._last = 0.4, 1.0
    with pytest.raises(NasbenchError, match=r"cannot be sent to another process .*--workers 1"):
        hands.ask(two, 0.5)


def test_what_a_plugin_defines_goes_along(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "import nasbench_ga as ng\n"
        "from nasbench_ga import crew\n"
        "crew.START_SECONDS = float(sys.argv[1])\n"
        "config = ng.RunConfig(load=[Path('mine.py')], space='mine', algorithm='nas-ea-fa', repeats=2, workers=2,\n"
        "    evaluations=150, table='analog-nas', results=Path(sys.argv[2]),\n"
        "    nas_ea_fa=ng.NASEAFASettings(surrogate='mean'))\n"
        "result = ng.run(config)\n"
        "print(json.dumps(result.evaluations['value'].tolist()))\n"
    )
    values = []
    for start, folder in (("-1", "there"), ("1e9", "here")):
        done = subprocess.run(
            [sys.executable, "-c", code, start, folder], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        values.append(json.loads(done.stdout.splitlines()[-1]))
    assert values[0] == values[1]
    assert len(values[0]) == 300


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(workers: int) -> None:
    with pytest.raises(NasbenchError, match=f"workers is 1 or more, not {workers}"):
        RunConfig(workers=workers)
